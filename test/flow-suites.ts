import { readdirSync } from 'node:fs'

const root = new URL('../', import.meta.url)

/** The suites of the plugin and of the documentation whose names end like that. */
function find(isWanted: (file: string) => boolean): string[] {
  return ['test/plugin', 'test/docs'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts') && isWanted(file))
      .map((file) => `${folder}/${file}`),
  )
}

const isFlow = (file: string) => file.endsWith('.flow.test.ts')

/**
 * The suites that hold on any version, in any bundle and in both modes (`*.flow.test.ts`), those of the wire, and the check that
 * the fast path is on, as arguments for tap.
 */
export function flowSuites(except: readonly string[] = []): string[] {
  const flows = find((file) => isFlow(file) && !except.some((name) => file.endsWith(`${name}.flow.test.ts`)))
  return [...flows, 'test/wire/**/*.test.ts', 'test/fast/**/*.test.ts']
}

/** The other suites, which import more of the plugin's source than its entries. */
export function sourceSuites(): string[] {
  return find((file) => !isFlow(file))
}
