import { readdirSync } from 'node:fs'

// What the tests of test/plugin, test/docs and test/wire answer for: the plugin, every file of it. The other tests cover nothing.
const files = readdirSync(new URL('../plugin/', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `plugin/${file}`)

/** @param {string} file */
export default (file) => (/^test\/(plugin|docs|wire)\//.test(file) ? files : null)
