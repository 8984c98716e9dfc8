import { readdirSync } from 'node:fs'

// What the tests of test/plugin, test/docs and test/wire answer for: the plugin, every file of it. The conformance suite, which kills
// nodes, is answered for by its run over processes as well. The other tests cover nothing.
const files = readdirSync(new URL('../plugin/', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `plugin/${file}`)

const suite = files.filter((file) => file.startsWith('plugin/conformance'))

/** @param {string} file */
export default (file) => {
  if (file === 'test/cluster/conformance.test.ts') return suite
  return /^test\/(plugin|docs|wire)\//.test(file) ? files : null
}
