import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, type ClusterSettings, startCluster } from './cluster.js'
import { startProgram } from './program.js'
import type { Broker } from './redis.js'
import { type RedisUsage, readUsage } from './redis-usage.js'
import { renderTable } from './table.js'
import type { VisitorsSettings, Wave } from './visitors.js'

/*
 * Dynamic addresses come and go. What do they leave behind, in Redis and on the nodes?
 */

export interface AddressSettings extends Pick<ClusterSettings, 'contender' | 'nodes' | 'seed'> {
  /** How many come and go. */
  readonly addresses: number
  /** How many are joined at once. */
  readonly alive: number
  readonly log: (line: string) => void
}

/** What is there when all addresses so far have been left. */
interface Remains extends RedisUsage {
  readonly visited: number
  /** Bytes of the heap of each node, after a garbage collection. */
  readonly heaps: readonly number[]
  /** Dynamic namespaces of all nodes. */
  readonly live: number
  /** Milliseconds from when the addresses were left until the nodes had removed them. */
  readonly endedMs: number
  /** Microseconds of CPU, of all nodes, for an address, until it was removed. Without what the nodes use while nobody comes. */
  readonly cpu: number
}

export interface AddressesOutcome {
  readonly contender: string
  readonly remains: readonly Remains[]
}

const TENTHS = 10
/** Short, so that what is kept for recovery goes within the run. */
const RECOVERY_MS = 10_000
const IDLE_MS = 5_000
const CONNECTIONS = 10
/** The longest that a namespace may outlive its last socket. */
const END_MS = 60_000

const sum = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

export async function visitAddresses({
  addresses,
  alive,
  log,
  ...settings
}: AddressSettings): Promise<AddressesOutcome> {
  const cluster = await startCluster({ ...settings, clients: 0, roomSize: 1, rate: 0, recoveryMs: RECOVERY_MS })
  try {
    const visitors = await startProgram('visitors.js', {
      url: cluster.url,
      connections: CONNECTIONS,
    } satisfies VisitorsSettings)
    const readCpu = async () => sum(await cluster.askNodes('cpu'))
    await visitors.ask('connected')
    const idle = await readCpu()
    await wait(IDLE_MS)
    const idleShare = (1e3 * ((await readCpu()) - idle)) / IDLE_MS
    const remains = [await readRemains(cluster, 0, 0, 0)]
    let visited = 0
    for (let tenth = 1; tenth <= TENTHS; tenth++) {
      const before = { visited, at: Date.now(), cpu: await readCpu() }
      while (visited < (addresses * tenth) / TENTHS) {
        const count = Math.min(alive, Math.ceil((addresses * tenth) / TENTHS) - visited)
        await visitors.ask('visit', { first: visited, count } satisfies Wave)
        visited += count
      }
      const endedMs = await allEnded(cluster)
      const used = (await readCpu()) - before.cpu - (idleShare * (Date.now() - before.at)) / 1_000
      remains.push(await readRemains(cluster, visited, endedMs, (1e6 * used) / (visited - before.visited)))
      log(`${settings.contender}: ${visited} addresses`)
    }
    await visitors.end()
    return { contender: settings.contender, remains }
  } finally {
    await cluster.close()
  }
}

/** Waits until the nodes have no dynamic namespace, or for a minute. */
async function allEnded(cluster: Cluster): Promise<number> {
  const from = Date.now()
  while (Date.now() - from < END_MS && sum(await cluster.askNodes('live')) > 0) await wait(200)
  return Date.now() - from
}

async function readRemains(cluster: Cluster, visited: number, endedMs: number, cpu: number): Promise<Remains> {
  const usage = await readUsage((cluster.backbone.broker as Broker).path)
  const [heaps, live] = [await cluster.askNodes('heap'), sum(await cluster.askNodes('live'))]
  return { ...usage, visited, endedMs, cpu, heaps, live }
}

export function renderRemains({ contender, remains }: AddressesOutcome): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  return renderTable(
    [contender, 'keys', 'channels', 'Redis MB', 'heaps MB', 'live', 'ended after s', 'CPU µs an address'],
    remains.map(({ visited, keys, channels, bytes, heaps, live, endedMs, cpu }) => [
      visited,
      keys,
      channels,
      megabytes(bytes),
      heaps.map(megabytes).join(', '),
      live,
      (endedMs / 1_000).toFixed(1),
      Math.round(cpu),
    ]),
  )
}

/** What grows with the number of addresses, or is left. */
export function leaksOf({ contender, remains }: AddressesOutcome): string[] {
  const [, first, ...others] = remains
  const last = others.at(-1)
  if (!first || !last) return [`${contender}: nothing was measured`]
  const most = 10 + (last.visited - first.visited) / 100
  const leaks = (['keys', 'channels'] as const)
    .filter((what) => last[what] - first[what] > most)
    .map((what) => `${contender}: ${what} grew from ${first[what]} to ${last[what]}`)
  return last.live > 0 ? [...leaks, `${contender}: ${last.live} namespaces are left`] : leaks
}
