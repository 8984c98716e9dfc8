import { parseArgs } from 'node:util'
import { BASE, CONTENDERS, CONTROL } from './contenders.js'
import { chooseCores } from './cores.js'
import type { Effort } from './figure.js'
import { measure } from './measure.js'
import { SCENARIOS } from './scenarios.js'
import { renderScenario, renderSummary } from './table.js'
import { transpile } from './transpile.js'

const { values } = parseArgs({
  options: { only: { type: 'string' }, with: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const effort: Effort = values.quick
  ? { sliceMs: 60, warmUp: 2, rounds: 5, starts: 1, connections: 300 }
  : { sliceMs: 200, warmUp: 6, rounds: 24, starts: 3, connections: 2_000 }
const only = values.only?.split(',')
const chosen = values.with?.split(',').map((name) => name.trim())
const names = CONTENDERS.map(({ name }) => name).filter(
  (name) => !chosen || chosen.includes(name) || name === BASE || name === CONTROL,
)
const cores = chooseCores()
transpile()
if (cores.server === undefined) console.log('unpinned: there is no taskset, or only one core')
const all = []
for (const scenario of SCENARIOS.filter(({ id }) => !only || only.includes(id))) {
  const measured = await measure(scenario, names, { cores, effort })
  all.push(measured)
  console.log(renderScenario(measured))
}
console.log(renderSummary(all, names))
