import { readdirSync } from 'node:fs'

// What the tests of test/plugin answer for: the plugin, every file of it, and nothing else.
const house = readdirSync(new URL('../plugin/', import.meta.url)).map((file) => `plugin/${file}`)

export default () => house
