import { parseArgs } from 'node:util'
import { BASE, CONTENDERS, CONTROL } from './contenders.js'
import { chooseCores } from './cores.js'
import { SCENARIOS } from './scenarios.js'
import { type Effort, measureSlices } from './slices.js'
import { transpile } from './transpile.js'

const { values } = parseArgs({
  options: { only: { type: 'string' }, with: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const effort: Effort = values.quick ? { sliceMs: 80, warmUp: 3, rounds: 7 } : { sliceMs: 200, warmUp: 6, rounds: 24 }
const only = values.only?.split(',')
const chosen = values.with?.split(',').map((name) => name.trim())
const cores = chooseCores()
transpile()
if (cores.server === undefined) console.log('unpinned: there is no taskset, or only one core')
for (const scenario of SCENARIOS.filter(({ id }) => !only || only.includes(id))) {
  const contenders = CONTENDERS.filter(
    ({ name }) =>
      !scenario.without.includes(name) && (!chosen || chosen.includes(name) || name === BASE || name === CONTROL),
  )
  const figures = await measureSlices(scenario, contenders, { cores, effort })
  console.log(`${scenario.id}: ${scenario.title}`)
  for (const figure of figures) {
    console.log(
      `  ${figure.contender.padEnd(18)} ${figure.ratio.toFixed(2)} ±${figure.uncertainty.toFixed(2)}  ${figure.cpuUs.toFixed(2).padStart(7)} µs CPU a ${scenario.unit}  ` +
        `${figure.perSecond.toFixed(0).padStart(7)}/s  p50 ${figure.p50Ms.toFixed(2)} ms  p99 ${figure.p99Ms.toFixed(2)} ms`,
    )
  }
}
