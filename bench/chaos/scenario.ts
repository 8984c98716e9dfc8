import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, type ClusterSettings, type CrowdState, startCluster } from './cluster.js'
import type { Fault } from './faults.js'
import { type ClientOrders, judgeOrders, type OrderVerdict } from './order-verdict.js'
import type { OrderMode } from './orders.js'
import type { Random } from './random.js'
import { createRandom } from './random.js'
import { addVerdict, createVerdict, type Verdict } from './verdict.js'

/*
 * A run of one contender: clients talk, faults happen, all calms down, and the ledgers are judged.
 */

export interface ScenarioSettings extends ClusterSettings {
  readonly seconds: number
  /** Seconds from the begin of a fault to that of the next one. */
  readonly every: number
  readonly schedule: (random: Random) => Iterator<Fault>
  readonly log: (line: string) => void
}

export interface Outcome extends Verdict {
  readonly contender: string
  /** Sockets of the nodes at the end that no client has any more. */
  ghosts: number
  /** Errors that would have ended a node. */
  faults: number
  /** What became of orders, if some were placed. */
  readonly orders?: OrderVerdict
}

const CONNECT_MS = 120_000
const CALM_MS = 20_000
const LOOK_EVERY_MS = 200
const QUIET_MS = 1_500

export async function runScenario(settings: ScenarioSettings): Promise<Outcome> {
  const { contender, clients, seconds, every, seed, log } = settings
  const random = createRandom(seed)
  const cluster = await startCluster(settings)
  try {
    await allConnected(cluster, clients)
    await cluster.tell('talk', true)
    const schedule = settings.schedule(random)
    const endsAt = Date.now() + seconds * 1_000
    // A fault begins only if its clients have time to come back.
    for (let at = Date.now() + every * 500; at + every * 1_000 <= endsAt; at += every * 1_000) {
      await wait(Math.max(0, at - Date.now()))
      const fault = schedule.next().value as Fault
      log(`${contender}: ${fault.name}`)
      await cluster.tell('cause', fault.name)
      await fault.run(cluster, random)
    }
    await wait(Math.max(0, endsAt - Date.now()))
    await cluster.tell('talk', false)
    await allReady(cluster, clients, CALM_MS)
    await allQuiet(cluster, QUIET_MS)
    const orders = settings.orders && { orders: await judgeAllOrders(cluster, settings.orders) }
    return { contender, ...(await judgeAll(cluster)), ...(await askNodes(cluster)), ...orders }
  } finally {
    await cluster.close()
  }
}

/** Waits until all clients have connected. Rejects if that takes too long. */
export async function allConnected(cluster: Cluster, clients: number): Promise<void> {
  const { ready, complaint } = await allReady(cluster, clients, CONNECT_MS)
  const seconds = CONNECT_MS / 1_000
  if (ready < clients)
    throw new Error(
      `Only ${ready} of ${clients} clients have connected within ${seconds} s: ${complaint ?? 'too slow'}`,
    )
}

/** Waits until all clients are connected, or for `ms`. */
async function allReady(cluster: Cluster, clients: number, ms: number): Promise<CrowdState> {
  for (const until = Date.now() + ms; ; await wait(LOOK_EVERY_MS)) {
    const state = await cluster.state()
    if (state.ready >= clients || Date.now() >= until) return state
  }
}

/** Waits until nothing has arrived for `ms`: then nothing is on its way. */
export async function allQuiet(cluster: Cluster, ms: number): Promise<void> {
  for (let last = -1; ; ) {
    const { received } = await cluster.state()
    if (received === last) return
    last = received
    await wait(ms)
  }
}

async function judgeAll(cluster: Cluster): Promise<Verdict> {
  const sum = createVerdict()
  for (const verdict of (await cluster.tell('judge')) as Verdict[]) addVerdict(sum, verdict)
  return sum
}

/** Waits until all orders have been accepted, or as long as clients may take to come back. */
async function judgeAllOrders(cluster: Cluster, mode: OrderMode): Promise<OrderVerdict> {
  const until = Date.now() + CALM_MS
  while ((await cluster.state()).ordering > 0 && Date.now() < until) await wait(LOOK_EVERY_MS)
  return judgeOrders(mode, cluster.backbone, ((await cluster.tell('orders')) as ClientOrders[][]).flat())
}

async function askNodes(cluster: Cluster): Promise<Pick<Outcome, 'ghosts' | 'faults'>> {
  const sum = async (name: string) => (await cluster.askNodes(name)).reduce((sum, count) => sum + count, 0)
  return { ghosts: (await sum('sockets')) - (await cluster.state()).ready, faults: await sum('faults') }
}
