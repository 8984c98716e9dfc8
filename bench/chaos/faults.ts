import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from './cluster.js'
import type { Contender } from './contenders.js'
import type { Random } from './random.js'
import type { Broker } from './redis.js'

/*
 * What happens to a cluster in a chaos run. Each fault is undone before the next one begins.
 */

export interface Fault {
  /** The cause of the losses that follow. */
  readonly name: string
  /** Whether it needs a broker that is neither a node nor their primary. */
  readonly needsBroker?: true
  run(cluster: Cluster, random: Random): Promise<unknown>
}

const pick = ({ running }: Cluster, random: Random) => [...running.keys()][random.below(running.size)] as number

/** How long something is out of order, in milliseconds. */
const OUTAGE_MS = 6_000
const DOWN_MS = 2_000
/** A balancer that checks the health of nodes leaves a stopped one out after this time. */
const HEALTH_MS = 2_000
/** Time for the last clients of a half-open loss to have been cut. */
const CUT_MS = 500

const KILL: Fault = {
  name: 'node killed',
  async run(cluster, random) {
    const number = pick(cluster, random)
    await cluster.killNode(number)
    await wait(DOWN_MS)
    await cluster.startNode(number)
  },
}

function away(ms: number, share: number): Fault {
  return { name: `away for ${ms / 1_000} s`, run: ({ tell }) => tell('leave', { share, ms }) }
}

/** All faults but kills. */
const FAULTS: readonly Fault[] = [
  away(1_000, 0.2),
  away(2_000, 0.2),
  {
    name: 'half-open',
    async run({ network, tell }) {
      await network.ask('halfOpen', true)
      await tell('leave', { share: 0.2, ms: 0 })
      await wait(CUT_MS)
      await network.ask('halfOpen', false)
    },
  },
  {
    name: 'node stopped',
    async run(cluster, random) {
      const number = pick(cluster, random)
      cluster.node(number).signal('SIGSTOP')
      await wait(HEALTH_MS)
      await cluster.balance(number)
      await wait(OUTAGE_MS - HEALTH_MS)
      cluster.node(number).signal('SIGCONT')
      await cluster.balance()
    },
  },
  {
    name: 'broker killed',
    needsBroker: true,
    async run({ backbone }) {
      const broker = backbone.broker as Broker
      await broker.kill()
      await wait(DOWN_MS)
      await broker.start()
    },
  },
  { name: 'clients of a node cut', run: (cluster, random) => cluster.network.ask('cut', pick(cluster, random)) },
  { name: 'stalled readers', run: ({ tell }) => tell('stall', { share: 0.1, ms: OUTAGE_MS }) },
  {
    name: 'node without broker',
    needsBroker: true,
    async run(cluster, random) {
      const number = pick(cluster, random)
      await cluster.network.ask('stallWay', number)
      await wait(OUTAGE_MS)
      await cluster.network.ask('healWay', number)
    },
  },
  {
    name: 'broker connection cut',
    needsBroker: true,
    run: (cluster, random) => cluster.network.ask('cutWay', pick(cluster, random)),
  },
]

/** All clients leave at once: what others publish as the jitter of a network. */
export const jitter = (ms: number): Fault => away(ms, 1)

/**
 * Every third fault of a schedule is a kill; the others come in an order of the seed, each once before one comes again. What can't
 * happen to the contender is left out.
 *
 * @param names - of the faults that happen, in turns; undefined for all
 * @throws an Error of one line if there is none with such a name, or none is left
 */
export function* scheduleChaos(
  random: Random,
  contender: Contender,
  names?: readonly string[],
): Generator<Fault, never> {
  const canHappen = ({ needsBroker }: Fault) => contender !== 'cluster' || !needsBroker
  const chosen = names?.map((name) => findFault(name)).filter(canHappen)
  if (chosen?.length === 0) throw new Error(`${contender}: none of these faults can happen: ${names}`)
  for (;;) {
    if (chosen) yield* chosen
    else {
      for (const [index, fault] of random.shuffle(FAULTS).filter(canHappen).entries()) {
        if (index % 2 === 0) yield KILL
        yield fault
      }
    }
  }
}

function findFault(name: string): Fault {
  const found = [KILL, ...FAULTS].find((fault) => fault.name === name)
  if (!found) throw new Error(`No fault ${name}: there are ${[KILL, ...FAULTS].map((fault) => fault.name).join(', ')}`)
  return found
}
