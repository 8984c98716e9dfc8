import { setTimeout as wait } from 'node:timers/promises'
import { median, uncertaintyOf } from '../statistics.js'
import { type Cluster, type ClusterSettings, SELDOM, startCluster } from './cluster.js'
import type { Contender } from './contenders.js'
import { allConnected, allQuiet } from './scenario.js'
import { nameContenders, renderTable } from './table.js'

/*
 * What a delivery costs the nodes, and an event the broker, with 1, 2, 4 and more nodes. Nothing fails meanwhile. The clusters of all
 * contenders are up together, and take turns in short slices: what slows the machine down hits all alike.
 */

export interface Cost {
  readonly contender: string
  readonly nodes: number
  /** Deliveries in all slices. */
  readonly deliveries: number
  /** Microseconds of CPU: of all nodes, for a delivery. */
  readonly delivery: number
  /** The median over all rounds of its ratio to the first `bare`, and how far it may be off. NaN without `bare`. */
  readonly ratio: number
  readonly uncertainty: number
  /** Microseconds of CPU: of the broker, for an event. */
  readonly event: number
  /** The sockets of the node with the fewest. */
  readonly fewestSockets: number
}

export interface CostSettings extends Omit<ClusterSettings, 'contender' | 'ping'> {
  readonly contenders: readonly Contender[]
  /** The measured time of each contender, and into how many slices it is divided. */
  readonly seconds: number
  readonly rounds: number
}

const WARM_UP_MS = 5_000

/** What was used, and delivered. */
interface Slice {
  readonly received: number
  /** CPU seconds. */
  readonly nodes: number
  readonly broker: number
}

interface Runner {
  readonly contender: Contender
  readonly cluster: Cluster
  readonly slices: Slice[]
}

async function read(cluster: Cluster): Promise<Slice> {
  const { received } = await cluster.state()
  const nodes = await cluster.askNodes('cpu')
  return { received, nodes: nodes.reduce((sum, cpu) => sum + cpu, 0), broker: await cluster.backbone.cpu() }
}

/** What is said in this time, until all of it has arrived. */
async function runSlice(cluster: Cluster, ms: number): Promise<Slice> {
  const before = await read(cluster)
  await cluster.tell('talk', true)
  await wait(ms)
  await cluster.tell('talk', false)
  await allQuiet(cluster, 200)
  const after = await read(cluster)
  return {
    received: after.received - before.received,
    nodes: after.nodes - before.nodes,
    broker: after.broker - before.broker,
  }
}

/** Measures all contenders, with one number of nodes. */
export async function measureCosts({ contenders, seconds, rounds, ...settings }: CostSettings): Promise<Cost[]> {
  const runners: Runner[] = []
  try {
    for (const contender of contenders) {
      const cluster = await startCluster({ ...settings, contender, ping: SELDOM })
      runners.push({ contender, cluster, slices: [] })
      await allConnected(cluster, settings.clients)
      await runSlice(cluster, WARM_UP_MS)
    }
    // The first round is not counted: only now are all as warm as they will be.
    for (let round = 0; round <= rounds; round++) {
      // Nobody always comes after the same one.
      for (const { cluster, slices } of round % 2 === 0 ? runners : runners.toReversed()) {
        const slice = await runSlice(cluster, (1_000 * seconds) / rounds)
        if (round > 0) slices.push(slice)
      }
    }
    const base = runners.find(({ contender }) => contender === 'bare')
    return await Promise.all(runners.map((runner) => summarize(runner, base, settings)))
  } finally {
    await Promise.all(runners.map(({ cluster }) => cluster.close()))
  }
}

const costOf = ({ nodes, received }: Slice) => nodes / received

async function summarize(
  { contender, cluster, slices }: Runner,
  base: Runner | undefined,
  of: ClusterSize,
): Promise<Cost> {
  const sum = slices.reduce((sum, { received, nodes, broker }) => ({
    received: sum.received + received,
    nodes: sum.nodes + nodes,
    broker: sum.broker + broker,
  }))
  const ratios = base ? slices.map((slice, round) => costOf(slice) / costOf(base.slices[round] as Slice)) : []
  return {
    contender,
    nodes: of.nodes,
    deliveries: sum.received,
    delivery: micros(sum.nodes, sum.received),
    ratio: median(ratios),
    uncertainty: uncertaintyOf(ratios),
    event: micros(sum.broker, sum.received / of.roomSize),
    fewestSockets: Math.min(...(await cluster.askNodes('sockets'))),
  }
}

type ClusterSize = Pick<ClusterSettings, 'nodes' | 'roomSize'>

const micros = (seconds: number, count: number) => Math.round((1e7 * seconds) / count) / 10

/** A table with a row for each number of nodes. */
export function renderCosts(costs: readonly (readonly Cost[])[]): string {
  const names = nameContenders((costs[0] ?? []).map(({ contender }) => contender))
  return renderTable(
    ['nodes', ...names.flatMap((name) => [`${name}: µs a delivery`, 'ratio', 'broker µs an event'])],
    costs.map((row) => [
      row[0]?.nodes,
      ...row.flatMap(({ delivery, ratio, uncertainty, event }) => [
        delivery,
        `${ratio.toFixed(2)} ± ${uncertainty.toFixed(2)}`,
        event,
      ]),
    ]),
  )
}
