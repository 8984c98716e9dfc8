import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientsSettings } from './clients.js'
import type { Contender } from './contenders.js'
import type { NodeSettings } from './node.js'
import { type Program, startProgram } from './program.js'
import { type Redis, startRedis } from './redis.js'

/*
 * All processes of a chaos run: the broker, the network, the nodes and the clients.
 */

export interface ClusterSettings {
  readonly contender: Contender
  readonly nodes: number
  readonly clients: number
  readonly roomSize: number
  /** Messages in a second. */
  readonly rate: number
  readonly seed: number
}

export interface Cluster {
  readonly redis: Redis
  readonly network: Program
  /** The processes of clients. */
  readonly crowds: readonly Program[]
  /** The numbers of the nodes that run. */
  readonly running: ReadonlySet<number>
  node(number: number): Program
  startNode(number: number): Promise<void>
  /** Ends a node as SIGKILL does. */
  killNode(number: number): Promise<void>
  /** Says which nodes the balancer uses: all that run, without one. */
  balance(without?: number): Promise<void>
  /** Asks all processes of clients. */
  tell(name: string, argument?: unknown): Promise<unknown[]>
  /** The clients that are connected, and what they have received in all. */
  state(): Promise<{ ready: number; received: number }>
  close(): Promise<void>
}

/** Processes of clients. */
const CROWDS = 2

export async function startCluster({ contender, ...settings }: ClusterSettings): Promise<Cluster> {
  const { roomSize, seed } = settings
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-chaos-'))
  const redis = await startRedis(folder)
  const network = await startProgram('proxy.ts', {})
  const programs = new Map<number, Program>()
  const wayOf = (node: number) => join(folder, `node-${node}.sock`)

  async function balance(without?: number): Promise<void> {
    const used = [...programs].filter(([number]) => number !== without)
    await network.ask(
      'nodes',
      used.map(([number, { greeting }]) => [number, greeting]),
    )
  }
  async function startNode(number: number): Promise<void> {
    const broker = wayOf(number)
    programs.set(number, await startProgram('node.ts', { contender, broker, roomSize } satisfies NodeSettings))
    await balance()
  }
  for (let number = 1; number <= settings.nodes; number++) {
    await network.ask('openWay', { node: number, path: wayOf(number), broker: redis.path })
    await startNode(number)
  }
  const rooms = Math.ceil(settings.clients / roomSize / CROWDS)
  const crowds = await Promise.all(
    Array.from({ length: CROWDS }, (_, index) => {
      const first = index * rooms * roomSize
      const count = Math.min(rooms * roomSize, settings.clients - first)
      const rate = (settings.rate * count) / settings.clients
      const url = `http://127.0.0.1:${network.greeting}`
      return startProgram('clients.ts', { url, first, count, roomSize, rate, seed } satisfies ClientsSettings)
    }),
  )
  const tell = (name: string, argument?: unknown) => Promise.all(crowds.map((crowd) => crowd.ask(name, argument)))
  return {
    redis,
    network,
    crowds,
    get running() {
      return new Set(programs.keys())
    },
    node: (number) => programs.get(number) as Program,
    startNode,
    async killNode(number) {
      const program = programs.get(number)
      programs.delete(number)
      await program?.end()
      await balance()
    },
    balance,
    tell,
    async state() {
      const states = (await tell('state')) as { ready: number; received: number }[]
      return states.reduce((sum, each) => ({
        ready: sum.ready + each.ready,
        received: sum.received + each.received,
      }))
    },
    async close() {
      await Promise.all([...crowds, ...programs.values(), network].map((program) => program.end()))
      await redis.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
