import { readdirSync } from 'node:fs'

// What the tests of test/plugin answer for: the plugin, every file of it, and nothing else.
const files = readdirSync(new URL('../plugin/', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `plugin/${file}`)

export default () => files
