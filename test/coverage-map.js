import { readdirSync } from 'node:fs'

// What the tests of test/plugin and test/wire answer for: the plugin, every file of it, and nothing else. The others cover nothing.
const plugin = readdirSync(new URL('../plugin/', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `plugin/${file.replaceAll('\\', '/')}`)

/** @param {string} file */
export default (file) => (/^test\/(plugin|wire)\//.test(file) ? plugin : null)
