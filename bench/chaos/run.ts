import { writeFile } from 'node:fs/promises'
import { transpile } from '../transpile.js'
import { hasOurAdapter } from './contenders.js'
import { type Cost, measureCosts, renderCosts } from './cost.js'
import { type Fault, jitter, scheduleChaos } from './faults.js'
import { type ChaosOptions, type Mode, readOptions } from './options.js'
import type { Random } from './random.js'
import { problemsOf, renderCauses, renderTotals } from './report.js'
import { type Outcome, runScenario } from './scenario.js'

/*
 * npm run chaos -- --clients 2000 --seconds 300 --seed 1 --adapter redis,bare
 * npm run chaos -- jitter --clients 1000
 * npm run chaos -- cost --clients 400 --rate 200 --seconds 20
 * The README of this folder says what happens, and what is counted.
 */

/** All clients leave for 2 s, and then for 1 s, in turns. */
function* scheduleJitter(): Generator<Fault, never> {
  for (;;) {
    yield jitter(2_000)
    yield jitter(1_000)
  }
}

const log = (line: string) => void process.stderr.write(`${line}\n`)

async function runSchedule(
  mode: Exclude<Mode, 'cost'>,
  { contenders, out, faults, ...settings }: ChaosOptions,
): Promise<void> {
  const outcomes: Outcome[] = []
  const nodes = Number(settings.nodes[0])
  for (const contender of contenders) {
    const schedule = (random: Random) =>
      mode === 'jitter' ? scheduleJitter() : scheduleChaos(random, contender, faults)
    outcomes.push(await runScenario({ ...settings, nodes, contender, schedule, log }))
  }
  console.log(`${JSON.stringify(settings)}\n\n${renderTotals(outcomes)}\n\n${renderCauses(outcomes)}\n`)
  if (out !== undefined) await writeFile(out, `${JSON.stringify({ settings, outcomes }, undefined, 2)}\n`)
  const problems = outcomes.filter(({ contender }) => hasOurAdapter(contender)).flatMap(problemsOf)
  for (const problem of problems) console.log(problem)
  if (problems.length > 0) process.exitCode = 1
}

async function runCosts({ contenders, out, ...settings }: ChaosOptions): Promise<void> {
  const costs: Cost[][] = []
  for (const nodes of settings.nodes) {
    costs.push(await measureCosts({ ...settings, nodes, contenders }))
    log(`${nodes} nodes`)
  }
  console.log(`${JSON.stringify(settings)}\n\n${renderCosts(costs)}\n`)
  if (out !== undefined) await writeFile(out, `${JSON.stringify({ settings, costs }, undefined, 2)}\n`)
}

async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  transpile()
  if (options.mode === 'cost') await runCosts(options)
  else await runSchedule(options.mode, options)
}

await run().catch((error: Error) => {
  console.error(error.message)
  // The processes that it has started end with it.
  process.exit(1)
})
