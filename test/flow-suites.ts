import { readdirSync } from 'node:fs'

const root = new URL('../', import.meta.url)

const all = ['test/plugin', 'test/docs'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`),
)

/** Flow suites that count what modules of the plugin's source do. A bundle, and dist/, have copies of these modules. */
export const PEEKING = ['test/plugin/sockets/identities.flow.test.ts']

/** The suites of what optional peers do: the clients of brokers, and React. They need the source. */
export const PEERS = [
  'test/plugin/adapters/redis/*.test.ts',
  'test/plugin/adapters/postgres/*.test.ts',
  // React 18 hides no components.
  'test/plugin/client/react/use-*.test.ts',
]

const flows = all.filter((file) => file.endsWith('.flow.test.ts') && !PEEKING.includes(file))

/**
 * The suites that hold on any version, in any bundle and in both modes (`*.flow.test.ts`), those of the wire, and the check that
 * the fast path is on, as arguments for tap. What they import as the plugin may be another build of it.
 */
export function flowSuites(): string[] {
  return [...flows, 'test/wire/*.test.ts', 'test/fast/**/*.test.ts']
}

/** The other suites of the plugin and of the documentation, which need its source. */
export function sourceSuites(): string[] {
  return [...all.filter((file) => !flows.includes(file)), 'test/wire/frames/*.test.ts']
}
