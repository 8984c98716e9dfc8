import { median } from '../statistics.js'
import { type ClusterSettings, SELDOM, startCluster } from './cluster.js'
import { allConnected } from './scenario.js'
import { nameContenders, renderTable } from './table.js'

/*
 * What it costs to fetch the sockets of another node.
 */

export interface FetchSettings extends Pick<ClusterSettings, 'contender' | 'clients' | 'seed'> {
  readonly calls: number
}

/** Milliseconds for one call. */
export interface FetchCost {
  readonly contender: string
  readonly sockets: number
  /** From the call to its result: the median. */
  readonly wall: number
  /** CPU of the node that asks, of the node that has the sockets, and of the broker. */
  readonly asker: number
  readonly answerer: number
  readonly broker: number
}

/** The first of two nodes: all clients are on the other one. */
const ASKER = 1
const WARM_UP = 5

interface Fetched {
  readonly sockets: number
  readonly ms: number
}

export async function measureFetch({ calls, ...settings }: FetchSettings): Promise<FetchCost> {
  const { contender, clients } = settings
  const cluster = await startCluster({
    ...{ ...settings, nodes: 2, roomSize: 20, rate: 0 },
    ...{ ping: SELDOM, withoutClients: ASKER, headers: 'many' },
  })
  try {
    await allConnected(cluster, clients)
    const asker = cluster.node(ASKER)
    const fetchAll = async (count: number) => {
      const all: Fetched[] = []
      while (all.length < count) all.push((await asker.ask('fetch')) as Fetched)
      return all
    }
    const read = async () => [...(await cluster.askNodes('cpu')), await cluster.backbone.cpu()]
    await fetchAll(WARM_UP)
    const before = await read()
    const all = await fetchAll(calls)
    const after = await read()
    const [askerMs = 0, answererMs = 0, brokerMs = 0] = after.map(
      (cpu, index) => (1e3 * (cpu - Number(before[index]))) / calls,
    )
    const sockets = Math.min(...all.map(({ sockets }) => sockets))
    if (sockets !== clients) throw new Error(`${contender}: only ${sockets} of ${clients} sockets were fetched`)
    const wall = median(all.map(({ ms }) => ms))
    return { contender, sockets, wall, asker: askerMs, answerer: answererMs, broker: brokerMs }
  } finally {
    await cluster.close()
  }
}

export function renderFetchCosts(costs: readonly FetchCost[]): string {
  const names = nameContenders(costs.map(({ contender }) => contender))
  return renderTable(
    ['ms a call', 'wall (median)', 'CPU of the asker', 'CPU of the answerer', 'CPU of the broker'],
    costs.map(({ wall, asker, answerer, broker }, index) => [
      names[index],
      ...[wall, asker, answerer, broker].map((ms) => ms.toFixed(1)),
    ]),
  )
}
