import { writeFile } from 'node:fs/promises'
import { transpile } from '../transpile.js'
import { type AddressesOutcome, leaksOf, renderRemains, visitAddresses } from './addresses.js'
import { hasOurAdapter } from './contenders.js'
import { type Cost, measureCosts, renderCosts } from './cost.js'
import { type Fault, jitter, scheduleChaos } from './faults.js'
import { type FetchCost, measureFetch, renderFetchCosts } from './fetching.js'
import { type ChaosOptions, type Mode, readOptions } from './options.js'
import type { Random } from './random.js'
import { problemsOf, renderCauses, renderOrders, renderTotals } from './report.js'
import { type Outcome, runScenario } from './scenario.js'

/*
 * npm run chaos -- --clients 2000 --seconds 300 --seed 1 --adapter redis,bare
 * npm run chaos -- --adapter postgres --orders transaction
 * npm run chaos -- jitter --clients 1000
 * npm run chaos -- cost --nodes 1,2,4
 * npm run chaos -- addresses
 * npm run chaos -- fetch
 * The README of this folder says what happens, and what is counted.
 */

/** What a run prints and saves, and what it has found broken. */
interface Report {
  readonly text: string
  readonly outcomes: unknown
  readonly problems?: readonly string[]
}

/** All clients leave for 2 s, and then for 1 s, in turns. */
function* scheduleJitter(): Generator<Fault, never> {
  for (;;) {
    yield jitter(2_000)
    yield jitter(1_000)
  }
}

const log = (line: string) => void process.stderr.write(`${line}\n`)

async function runSchedule({ mode, contenders, faults, ...settings }: ChaosOptions): Promise<Report> {
  const outcomes: Outcome[] = []
  const nodes = Number(settings.nodes[0])
  for (const contender of contenders) {
    const schedule = (random: Random) =>
      mode === 'jitter' ? scheduleJitter() : scheduleChaos(random, contender, faults)
    outcomes.push(await runScenario({ ...settings, nodes, contender, schedule, log }))
  }
  return {
    text: [renderTotals(outcomes), renderCauses(outcomes), ...(settings.orders ? [renderOrders(outcomes)] : [])].join(
      '\n\n',
    ),
    outcomes,
    problems: outcomes.filter(({ contender }) => hasOurAdapter(contender)).flatMap(problemsOf),
  }
}

async function runCosts(settings: ChaosOptions): Promise<Report> {
  const costs: Cost[][] = []
  for (const nodes of settings.nodes) {
    costs.push(await measureCosts({ ...settings, nodes }))
    log(`${nodes} nodes`)
  }
  return { text: renderCosts(costs), outcomes: costs }
}

async function runAddresses({ contenders, ...settings }: ChaosOptions): Promise<Report> {
  const outcomes: AddressesOutcome[] = []
  const nodes = Number(settings.nodes[0])
  for (const contender of contenders) outcomes.push(await visitAddresses({ ...settings, nodes, contender, log }))
  return {
    text: outcomes.map(renderRemains).join('\n\n'),
    outcomes,
    problems: outcomes.filter(({ contender }) => hasOurAdapter(contender)).flatMap(leaksOf),
  }
}

async function runFetch({ contenders, clients, seed, calls }: ChaosOptions): Promise<Report> {
  const costs: FetchCost[] = []
  for (const contender of contenders) costs.push(await measureFetch({ contender, clients, seed, calls }))
  return { text: renderFetchCosts(costs), outcomes: costs }
}

const RUNS: Record<Mode, (options: ChaosOptions) => Promise<Report>> = {
  chaos: runSchedule,
  jitter: runSchedule,
  cost: runCosts,
  addresses: runAddresses,
  fetch: runFetch,
}

async function run(): Promise<void> {
  const { out, ...settings } = readOptions(process.argv.slice(2))
  transpile()
  const { text, outcomes, problems = [] } = await RUNS[settings.mode]({ ...settings, out })
  console.log(`${JSON.stringify(settings)}\n\n${text}\n`)
  if (out !== undefined) await writeFile(out, `${JSON.stringify({ settings, outcomes }, undefined, 2)}\n`)
  for (const problem of problems) console.log(problem)
  if (problems.length > 0) process.exitCode = 1
}

await run().catch((error: Error) => {
  console.error(error.message)
  // The processes that it has started end with it.
  process.exit(1)
})
