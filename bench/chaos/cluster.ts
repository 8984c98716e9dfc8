import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backbone, startBackbone } from './backbone.js'
import type { ClientsSettings } from './clients.js'
import type { Contender } from './contenders.js'
import type { Ping } from './node.js'
import type { OrderMode } from './orders.js'
import { type Program, startProgram } from './program.js'

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
  /** Default: so that a client notices a stopped node within 5 seconds. */
  readonly ping?: Ping
  /** Default: 120,000. */
  readonly recoveryMs?: number
  /** A node that no client comes to at the start. */
  readonly withoutClients?: number
  /** Whether clients send headers as browsers do, with a token of 1 kB. */
  readonly headers?: 'few' | 'many'
  /** Whether clients place orders, and how these are kept. */
  readonly orders?: OrderMode | undefined
}

export interface CrowdState {
  /** The clients that are connected. */
  readonly ready: number
  /** What they have received in all. */
  readonly received: number
  /** Why one of them could not connect. */
  readonly complaint: string | undefined
  /** The clients that wait for the ack of an order. */
  readonly ordering: number
}

export interface Cluster {
  readonly backbone: Backbone
  readonly network: Program
  /** Where clients connect. */
  readonly url: string
  /** The nodes that run, by their numbers. */
  readonly running: ReadonlyMap<number, unknown>
  node(number: number): Program
  startNode(number: number): Promise<void>
  /** Ends a node as SIGKILL does. */
  killNode(number: number): Promise<void>
  /** Says which nodes the balancer uses: all that run, without one. */
  balance(without?: number): Promise<void>
  /** Asks all nodes for a number. */
  askNodes(name: string): Promise<number[]>
  /** Asks all processes of clients. */
  tell(name: string, argument?: unknown): Promise<unknown[]>
  state(): Promise<CrowdState>
  close(): Promise<void>
}

/** Processes of clients. */
const CROWDS = 2
const FAST: Ping = { pingInterval: 2_000, pingTimeout: 3_000 }
/** As Socket.IO by default: where nothing fails, and pings would be measured. */
export const SELDOM: Ping = { pingInterval: 25_000, pingTimeout: 20_000 }

export async function startCluster(settings: ClusterSettings): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-chaos-'))
  /** What has been started, and ends in reverse. */
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  async function close(): Promise<void> {
    for (const end of ends.toReversed()) await end()
  }
  try {
    return { ...(await startAll(settings, folder, ends)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startAll(
  { contender, ping = FAST, recoveryMs = 120_000, roomSize, ...settings }: ClusterSettings,
  folder: string,
  ends: (() => Promise<unknown>)[],
): Promise<Omit<Cluster, 'close'>> {
  const network = await startProgram('proxy.js', {})
  ends.push(network.end)
  const backbone = await startBackbone(contender, folder, network)
  const programs = new Map<number, Program>()
  ends.push(backbone.close, () => Promise.all(Array.from(programs.values(), (program) => program.end())))

  async function balance(without?: number): Promise<void> {
    const used = [...programs].filter(([number]) => number !== without)
    await network.ask(
      'nodes',
      used.map(([number, { greeting }]) => [number, greeting]),
    )
  }
  async function startNode(number: number): Promise<void> {
    programs.set(
      number,
      await backbone.startNode(number, { contender, roomSize, ping, recoveryMs, orders: settings.orders }),
    )
    await balance()
  }
  for (let number = 1; number <= settings.nodes; number++) await startNode(number)
  if (settings.withoutClients !== undefined) await balance(settings.withoutClients)
  const url = `http://127.0.0.1:${network.greeting}`
  const crowds = await startCrowds({ ...settings, roomSize, url })
  ends.push(() => Promise.all(crowds.map((crowd) => crowd.end())))
  const tell = (name: string, argument?: unknown) => Promise.all(crowds.map((crowd) => crowd.ask(name, argument)))
  return {
    backbone,
    network,
    url,
    running: programs,
    node: (number) => programs.get(number) as Program,
    startNode,
    async killNode(number) {
      const program = programs.get(number)
      programs.delete(number)
      await program?.end()
      await balance()
    },
    balance,
    askNodes: (name) => Promise.all(Array.from(programs.values(), (program) => program.ask(name) as Promise<number>)),
    tell,
    async state() {
      const states = (await tell('state')) as CrowdState[]
      const total = (name: 'ready' | 'received' | 'ordering') => states.reduce((sum, state) => sum + state[name], 0)
      const complaint = states.find((state) => state.complaint !== undefined)?.complaint
      return { ready: total('ready'), received: total('received'), ordering: total('ordering'), complaint }
    },
  }
}

interface CrowdSettings
  extends Omit<ClusterSettings, 'contender' | 'nodes' | 'ping' | 'recoveryMs' | 'withoutClients'> {
  readonly url: string
}

/** Divides the clients among processes: all members of a room are in one. */
function startCrowds({
  clients,
  roomSize,
  rate,
  seed,
  url,
  headers = 'few',
  orders,
}: CrowdSettings): Promise<Program[]> {
  const size = Math.ceil(clients / roomSize / CROWDS) * roomSize
  const firsts = Array.from({ length: CROWDS }, (_, index) => index * size).filter((first) => first < clients)
  return Promise.all(
    firsts.map((first) => {
      const count = Math.min(size, clients - first)
      const settings = {
        url,
        first,
        count,
        roomSize,
        rate: (rate * count) / clients,
        seed,
        headers,
        orders: orders !== undefined,
      }
      return startProgram('clients.js', settings satisfies ClientsSettings)
    }),
  )
}
