import type { Contender } from './contenders.js'
import { compare, type Figure } from './figure.js'
import type { Latency } from './load.js'
import { type Pair, type Setup, startPair } from './pair.js'
import type { Scenario } from './scenarios.js'
import { median } from './statistics.js'

/*
 * Measures CPU for each message in slices: one contender after another, each round beginning with another one, and compares
 * with the base's slice of the same round.
 */

const WARM_MS = 500

interface Runner extends Pair {
  readonly name: string
  /** CPU microseconds for a message, and messages a second, for each round. */
  costs: number[]
  rates: number[]
}

export async function measureSlices(
  scenario: Scenario,
  contenders: readonly Contender[],
  setup: Setup,
): Promise<Figure[]> {
  const { effort } = setup
  const runners: Runner[] = []
  try {
    // If one of them fails, the others end with this process.
    const pairs = await Promise.all(contenders.map((contender) => startPair(contender, scenario, setup)))
    for (const [index, pair] of pairs.entries()) {
      runners.push({ ...pair, name: contenders[index]?.name ?? '', costs: [], rates: [] })
    }
    await Promise.all(runners.map((runner) => open(runner)))
    if (effort.isWarm) await Promise.all(runners.map((runner) => warm(runner, scenario.warmUp)))
    for (let round = 0; round < effort.warmUp + effort.rounds; round++) {
      if (round === effort.warmUp) await Promise.all(runners.map(forget))
      for (let index = 0; index < runners.length; index++) {
        await runSlice(runners[(index + round) % runners.length] as Runner, effort.sliceMs)
      }
    }
    const figures = compare(new Map(runners.map(({ name, costs }) => [name, costs])))
    return await Promise.all(figures.map((figure, index) => withPace(figure, runners[index] as Runner)))
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()))
  }
}

async function open({ name, load }: Runner): Promise<void> {
  await load.ask('open').catch((error) => {
    throw new Error(`${name}: ${error.message}`)
  })
}

/** Runs for all contenders at the same time, because nothing is measured yet. */
async function warm({ load }: Runner, wanted: number): Promise<void> {
  for (let count = 0; count < wanted; ) count += (await load.ask(WARM_MS)) as number
}

async function runSlice({ name, server, load, costs, rates }: Runner, sliceMs: number): Promise<void> {
  const before = (await server.ask('cpu')) as number
  const begunAt = performance.now()
  const count = (await load.ask(sliceMs).catch((error) => {
    throw new Error(`${name}: ${error.message}`)
  })) as number
  const seconds = (performance.now() - begunAt) / 1_000
  costs.push((((await server.ask('cpu')) as number) - before) / count)
  rates.push(count / seconds)
}

async function forget(runner: Runner): Promise<void> {
  runner.costs = []
  runner.rates = []
  await runner.load.ask('latency')
}

async function withPace(figure: Figure, { load, rates }: Runner): Promise<Figure> {
  const { p50, p99 } = (await load.ask('latency')) as Latency
  return { ...figure, perSecond: median(rates), p50Ms: p50, p99Ms: p99 }
}
