import { readdirSync } from 'node:fs'

/** The suites that hold on any version, in any bundle and in both modes (`*.flow.test.ts`), and those of the wire, as arguments for tap. */
export function flowSuites(except: readonly string[] = []): string[] {
  const root = new URL('../', import.meta.url)
  const flows = ['test/plugin', 'test/docs'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.flow.test.ts') && !except.some((name) => file.endsWith(`${name}.flow.test.ts`)))
      .map((file) => `${folder}/${file}`),
  )
  return [...flows, 'test/wire/**/*.test.ts']
}
