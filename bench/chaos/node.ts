import type { Server } from 'socket.io'
import { keepTick } from '../kept-tick.js'
import { startBare } from './bare.js'
import type { Contender } from './contenders.js'
import type { OrderMode } from './orders.js'
import { startOurs } from './ours.js'
import { answerQuestions, cpu, readSettings } from './program.js'

/*
 * A node of a chaos run. A client says something, and everybody in its room hears it.
 */

/** Milliseconds: how often the server pings, and how long it waits for the answer. */
export interface Ping {
  readonly pingInterval: number
  readonly pingTimeout: number
}

export interface NodeSettings {
  readonly contender: Contender
  /** The path of the Unix socket of the broker; not used with `cluster`. */
  readonly broker: string
  /** How many clients share a room. */
  readonly roomSize: number
  readonly ping: Ping
  /** How long a client may be away and be recovered. */
  readonly recoveryMs: number
  /** Whether clients place orders, and how these are kept. */
  readonly orders?: OrderMode | undefined
}

/** What an application listens with. */
export interface StartedNode {
  readonly io: Server
  readonly port: number
}

// A node that an error ends would be a loss that looks like a fault of the run.
let faults = 0
process.on('uncaughtException', (error) => {
  faults++
  console.error(error)
})

export const kept = keepTick()

const settings = readSettings<NodeSettings>()
const { io, port } = await (settings.contender === 'bare' ? startBare(settings) : startOurs(settings)).catch(
  (error: Error) => {
    console.error(error.message)
    return process.exit(1)
  },
)
answerQuestions(port, {
  sockets: () => io.of('/chat').sockets.size,
  faults: () => faults,
  cpu,
  /** Bytes, after a garbage collection. */
  heap: () => {
    globalThis.gc?.()
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  },
  /** The dynamic namespaces that this node has. */
  live: () => [...io._nsps.keys()].filter((address) => address.startsWith('/orgs/')).length,
  /** Fetches the sockets of all nodes: how many, and in how many milliseconds. */
  fetch: async () => {
    const at = performance.now()
    const sockets = await io.of('/chat').fetchSockets()
    return { sockets: sockets.length, ms: performance.now() - at }
  },
})
