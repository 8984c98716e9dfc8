import { readFileSync } from 'node:fs'

/** The suites that hold on any version, in any bundle and in both modes, as arguments for tap: those of `test:long-way`. */
export function flowSuites(except: readonly string[] = []): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const [, names = ''] = /"test\/plugin\/\{(.*?)\}\.test\.ts"/.exec(scripts['test:long-way']) ?? []
  const suites = names.split(',').filter((name) => !except.includes(name))
  if (suites.length < 20) throw new Error('test:long-way has no list of suites')
  return [`test/plugin/{${suites}}.test.ts`, 'test/wire/**/*.test.ts']
}
