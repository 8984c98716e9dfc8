import type { Server } from 'socket.io'
import { startBare } from './bare.js'
import type { Contender } from './contenders.js'
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
}

/** What an application listens with. */
export interface StartedNode {
  readonly io: Server
  readonly port: number
}

// A node that an error ends would be a loss that looks like a fault of the run.
let faults = 0
process.on('uncaughtException', () => faults++)

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
})
