import { writeFile } from 'node:fs/promises'
import { type Fault, jitter, scheduleChaos } from './faults.js'
import { type ChaosOptions, readOptions } from './options.js'
import type { Random } from './random.js'
import { problemsOf, renderCauses, renderTotals } from './report.js'
import { type Outcome, runScenario } from './scenario.js'

/*
 * npm run chaos -- --clients 2000 --seconds 300 --seed 1 --adapter redis,bare
 * npm run chaos -- jitter --clients 1000
 * The README of this folder says what happens, and what is counted.
 */

/** All clients leave for 2 s, and then for 1 s, in turns. */
function* scheduleJitter(): Generator<Fault, never> {
  for (;;) {
    yield jitter(2_000)
    yield jitter(1_000)
  }
}

const SCHEDULES: Record<ChaosOptions['mode'], (random: Random) => Generator<Fault, never>> = {
  chaos: scheduleChaos,
  jitter: scheduleJitter,
}

const log = (line: string) => void process.stderr.write(`${line}\n`)

async function run(): Promise<void> {
  const { mode, contenders, out, ...settings } = readOptions(process.argv.slice(2))
  const outcomes: Outcome[] = []
  for (const contender of contenders)
    outcomes.push(await runScenario({ ...settings, contender, schedule: SCHEDULES[mode], log }))
  console.log(`${JSON.stringify(settings)}\n\n${renderTotals(outcomes)}\n\n${renderCauses(outcomes)}\n`)
  if (out !== undefined) await writeFile(out, `${JSON.stringify({ mode, settings, outcomes }, undefined, 2)}\n`)
  const problems = outcomes.filter(({ contender }) => contender === 'redis').flatMap(problemsOf)
  for (const problem of problems) console.log(problem)
  if (problems.length > 0) process.exitCode = 1
}

await run().catch((error: Error) => {
  console.error(error.message)
  // The processes that it has started end with it.
  process.exit(1)
})
