import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, type ClusterSettings, startCluster } from './cluster.js'
import { allReady } from './scenario.js'

/*
 * What a delivery costs the nodes, and an event the broker, with 1, 2, 4 and more nodes. Nothing fails meanwhile.
 */

export interface Cost {
  readonly contender: string
  readonly nodes: number
  /** Deliveries in the measured time. */
  readonly deliveries: number
  /** Microseconds of CPU: of all nodes, for a delivery. */
  readonly delivery: number
  /** Microseconds of CPU: of the broker, for an event. */
  readonly event: number
}

const WARM_UP_MS = 5_000

interface Reading {
  readonly received: number
  readonly nodes: number
  readonly broker: number
}

async function read(cluster: Cluster): Promise<Reading> {
  const { received } = await cluster.state()
  const cpus = await Promise.all([...cluster.running].map((number) => cluster.node(number).ask('cpu')))
  return { received, nodes: cpus.reduce<number>((sum, cpu) => sum + Number(cpu), 0), broker: await cluster.redis.cpu() }
}

/** Measures one contender, with one number of nodes. */
export async function measureCost(settings: ClusterSettings & { readonly seconds: number }): Promise<Cost> {
  const { contender, nodes, clients, seconds, roomSize } = settings
  const cluster = await startCluster(settings)
  try {
    await allReady(cluster, clients)
    await cluster.tell('talk', true)
    await wait(WARM_UP_MS)
    const before = await read(cluster)
    await wait(seconds * 1_000)
    const after = await read(cluster)
    const deliveries = after.received - before.received
    const micros = (from: number, to: number, count: number) => Math.round((1e7 * (to - from)) / count) / 10
    return {
      contender,
      nodes,
      deliveries,
      delivery: micros(before.nodes, after.nodes, deliveries),
      event: micros(before.broker, after.broker, deliveries / roomSize),
    }
  } finally {
    await cluster.close()
  }
}

/** A table with a row for each number of nodes. The ratio is to the first measurement of `bare` in the row. */
export function renderCosts(costs: readonly (readonly Cost[])[]): string {
  const contenders =
    costs[0]?.map(({ contender }, index) => `${contender}${index > 0 && contender === 'bare' ? ' again' : ''}`) ?? []
  const head = ['nodes', ...contenders.flatMap((name) => [`${name}: µs a delivery`, 'ratio', 'broker µs an event'])]
  const rows = costs.map((row) => {
    const base = row.find(({ contender }) => contender === 'bare')?.delivery ?? Number.NaN
    return [row[0]?.nodes, ...row.flatMap(({ delivery, event }) => [delivery, (delivery / base).toFixed(2), event])]
  })
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
