import { setTimeout as delay } from 'node:timers/promises'
import type { Contender } from './contenders.js'
import { compare, type Figure } from './figure.js'
import { type Setup, startPair } from './pair.js'
import type { Scenario } from './scenarios.js'
import type { Greeting } from './servers.js'
import { median } from './statistics.js'

/*
 * Measures with new processes: the time to start, and the memory of connections. One contender after another, for some
 * rounds.
 */

/** The values of one process: that of the figure, and a second one. */
interface Sample {
  readonly value: number
  readonly second: number
}

const SETTLE_MS = 150
const FIRST_CONNECTIONS = 100
const KB = 1_024

/** Measures the milliseconds from the first registration to listening. */
export async function measureStartUp(
  scenario: Scenario,
  contenders: readonly Contender[],
  { servers, effort }: Setup,
): Promise<Figure[]> {
  const samples = await sample(contenders, effort.starts, async (contender) => {
    const server = await servers.take(contender, scenario)
    const { startMs, startCpu } = server.greeting as Greeting
    await servers.give(server)
    return { value: startMs, second: startCpu / 1_000 }
  })
  return figuresOf(samples, (cpuMs) => ({ cpuMs }))
}

/** Measures the kilobytes of heap and of resident memory for a connection that has joined and is idle. */
export async function measureMemory(
  scenario: Scenario,
  contenders: readonly Contender[],
  setup: Setup,
): Promise<Figure[]> {
  const { effort } = setup
  const sized = { ...scenario, sockets: effort.connections }
  const samples = await sample(contenders, effort.starts, async (contender) => {
    const { server, load, stop } = await startPair(contender, sized, setup)
    try {
      const weigh = async () => {
        await delay(SETTLE_MS)
        return (await server.ask('memory')) as { heapUsed: number; rss: number }
      }
      await load.ask(FIRST_CONNECTIONS)
      const before = await weigh()
      await load.ask('open')
      const after = await weigh()
      const each = (key: 'heapUsed' | 'rss') => (after[key] - before[key]) / KB / sized.sockets
      return { value: each('heapUsed'), second: each('rss') }
    } finally {
      await stop()
    }
  })
  return figuresOf(samples, (rssKb) => ({ rssKb }))
}

async function sample(
  contenders: readonly Contender[],
  rounds: number,
  take: (contender: Contender) => Promise<Sample>,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) samples.get(contender.name)?.push(await take(contender))
  }
  return samples
}

function figuresOf(
  samples: ReadonlyMap<string, readonly Sample[]>,
  name: (second: number) => Partial<Figure>,
): Figure[] {
  const figures = compare(
    new Map(Array.from(samples, ([contender, all]) => [contender, all.map(({ value }) => value)])),
  )
  return figures.map((figure) => {
    const seconds = samples.get(figure.contender)?.map(({ second }) => second) ?? []
    return { ...figure, ...name(median(seconds)) }
  })
}
