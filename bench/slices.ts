import { type Child, startChild } from './child.js'
import type { Contender } from './contenders.js'
import { BASE } from './contenders.js'
import type { Cores } from './cores.js'
import type { Latency } from './load.js'
import type { Scenario } from './scenarios.js'
import { median, uncertaintyOf } from './statistics.js'

/*
 * CPU per message, in slices: each contender in its turn, each time another one first, compared with the base's slice of
 * the same round.
 */

/** How long is measured. */
export interface Effort {
  readonly sliceMs: number
  readonly warmUp: number
  readonly rounds: number
}

/** What one contender has come to in one scenario. */
export interface Figure {
  readonly contender: string
  /** Server CPU, microseconds a message: as many as CPU seconds for a million. */
  readonly cpuUs: number
  /** Of the base, the median of those of the rounds. */
  readonly ratio: number
  readonly uncertainty: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Runner {
  readonly contender: Contender
  readonly server: Child
  readonly load: Child
  /** CPU microseconds a message, and messages a second, of each round. */
  readonly costs: number[]
  readonly rates: number[]
}

export async function measureSlices(
  scenario: Scenario,
  contenders: readonly Contender[],
  { cores, effort }: { cores: Cores; effort: Effort },
): Promise<Figure[]> {
  const runners: Runner[] = []
  try {
    await Promise.all(contenders.map(async (contender) => runners.push(await startRunner(contender, scenario, cores))))
    runners.sort((a, b) => contenders.indexOf(a.contender) - contenders.indexOf(b.contender))
    for (let round = 0; round < effort.warmUp + effort.rounds; round++) {
      if (round === effort.warmUp) await Promise.all(runners.map(forgetWarmUp))
      for (let index = 0; index < runners.length; index++) {
        await runSlice(runners[(index + round) % runners.length] as Runner, effort.sliceMs)
      }
    }
    return await Promise.all(runners.map((runner) => figureOf(runner, runners)))
  } finally {
    await Promise.all(runners.flatMap(({ server, load }) => [load.stop(), server.stop()]))
  }
}

async function startRunner(contender: Contender, scenario: Scenario, cores: Cores): Promise<Runner> {
  const { file, dialect, hasEnvelope } = contender
  const server = await startChild({
    file: '.built/server.js',
    args: [new URL(file, import.meta.url).href, JSON.stringify(scenario)],
    core: cores.server,
  })
  const { port } = server.greeting as { port: number }
  const order = JSON.stringify({ port, dialect, hasEnvelope, scenario })
  const load = await startChild({ file: '.built/load.js', args: [order], core: cores.load })
  await load.ask('open')
  return { contender, server, load, costs: [], rates: [] }
}

async function runSlice({ server, load, costs, rates }: Runner, sliceMs: number): Promise<void> {
  const before = (await server.ask('cpu')) as number
  const begunAt = performance.now()
  const count = (await load.ask(sliceMs)) as number
  const seconds = (performance.now() - begunAt) / 1_000
  costs.push((((await server.ask('cpu')) as number) - before) / count)
  rates.push(count / seconds)
}

async function forgetWarmUp({ load, costs, rates }: Runner): Promise<void> {
  costs.length = 0
  rates.length = 0
  await load.ask('latency')
}

async function figureOf({ contender, load, costs, rates }: Runner, runners: readonly Runner[]): Promise<Figure> {
  const base = runners.find(({ contender }) => contender.name === BASE) as Runner
  const ratios = costs.map((cost, round) => cost / (base.costs[round] as number))
  const { p50, p99 } = (await load.ask('latency')) as Latency
  return {
    contender: contender.name,
    cpuUs: median(costs),
    ratio: median(ratios),
    uncertainty: uncertaintyOf(ratios),
    perSecond: median(rates),
    p50Ms: p50,
    p99Ms: p99,
  }
}
