import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, type ClusterSettings, startCluster } from './cluster.js'
import type { Fault } from './faults.js'
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
}

const CONNECT_MS = 60_000
const CALM_MS = 20_000
const LOOK_EVERY_MS = 200
/** Nothing has arrived for this time: nothing is on its way. */
const QUIET_MS = 1_500

export async function runScenario(settings: ScenarioSettings): Promise<Outcome> {
  const { contender, clients, seconds, every, seed, log } = settings
  const random = createRandom(seed)
  const cluster = await startCluster(settings)
  try {
    await allReady(cluster, clients)
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
    await allQuiet(cluster)
    return { contender, ...(await judgeAll(cluster)), ...(await askNodes(cluster)) }
  } finally {
    await cluster.close()
  }
}

/** Waits until all clients are connected, or for `ms`. */
export async function allReady(cluster: Cluster, clients: number, ms = CONNECT_MS): Promise<void> {
  const until = Date.now() + ms
  while ((await cluster.state()).ready < clients && Date.now() < until) await wait(LOOK_EVERY_MS)
}

async function allQuiet(cluster: Cluster): Promise<void> {
  for (let last = -1; ; ) {
    const { received } = await cluster.state()
    if (received === last) return
    last = received
    await wait(QUIET_MS)
  }
}

async function judgeAll(cluster: Cluster): Promise<Verdict> {
  const sum = createVerdict()
  for (const verdict of (await cluster.tell('judge')) as Verdict[]) addVerdict(sum, verdict)
  return sum
}

async function askNodes(cluster: Cluster): Promise<Pick<Outcome, 'ghosts' | 'faults'>> {
  const sum = { ghosts: -(await cluster.state()).ready, faults: 0 }
  for (const number of cluster.running) {
    sum.ghosts += Number(await cluster.node(number).ask('sockets'))
    sum.faults += Number(await cluster.node(number).ask('faults'))
  }
  return sum
}
