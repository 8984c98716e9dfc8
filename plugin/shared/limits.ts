import { FST_NSP_OPTIONS_INVALID } from './errors.js'

/*
 * The limits of a socket, of a connection and of the server, with their defaults.
 */

/**
 * Limits of what clients may send. All are on by default. 0 turns a limit off, except `arguments`, `depth` and
 * `payloadBytes`, which protect the process.
 */
export interface Limits {
  /**
   * Events a second of one socket, on average; a burst may have twice as many. Beyond it: `FST_NSP_RATE_LIMITED`.
   * @defaultValue 200
   */
  eventsPerSecond: number
  /**
   * Events of one socket in flight at the same time. Beyond it: `FST_NSP_IN_FLIGHT_LIMIT`.
   * @defaultValue 100
   */
  eventsInFlight: number
  /**
   * Events of one socket that wait for `onConnect`, or for earlier events of a sequential namespace. Beyond it:
   * `FST_NSP_QUEUE_FULL`.
   * @defaultValue 100
   */
  eventsWaiting: number
  /**
   * Streams of one socket that are open at the same time. Beyond it: `FST_NSP_STREAMS_LIMIT`.
   * @defaultValue 20
   */
  streamsPerSocket: number
  /**
   * Arguments of one packet, without the ack. Beyond it: `FST_NSP_EVENT_MALFORMED`.
   * @defaultValue 16
   */
  arguments: number
  /**
   * Levels of nesting of a payload. Beyond it: `FST_NSP_EVENT_MALFORMED`.
   * @defaultValue 32
   */
  depth: number
  /**
   * Bytes of one packet with its attachments. Beyond it: `FST_NSP_PAYLOAD_TOO_LARGE`. A value above 1_000_000 also raises
   * `io.maxHttpBufferSize`, which bounds a frame and a POST.
   * @defaultValue 1_000_000, or `io.maxHttpBufferSize` if that is less
   */
  payloadBytes: number
  /**
   * Rooms that one socket may be in, without its own. Beyond it, `socket.join()` throws `FST_NSP_ROOMS_LIMIT`.
   * @defaultValue 1_000
   */
  roomsPerSocket: number
  /**
   * Namespaces that one connection has joined or is joining. Beyond it: `FST_NSP_NAMESPACES_LIMIT`.
   * @defaultValue 100
   */
  namespacesPerConnection: number
  /**
   * Joins a second of one connection, on average; a burst may have twice as many, or twice `namespacesPerConnection` if that is
   * more. Beyond it: `FST_NSP_RATE_LIMITED`. Leaves have the same rate; beyond it, the connection is closed.
   * @defaultValue 50
   */
  joinsPerSecond: number
  /**
   * Dynamic namespaces of the server that are open at the same time. Beyond it: `FST_NSP_CHILDREN_LIMIT`.
   * @defaultValue 10_000
   */
  dynamicNamespaces: number
  /**
   * Connections of the server. Beyond it, a handshake is refused with 503 `FST_NSP_CONNECTIONS_LIMIT`.
   * @defaultValue 100_000
   */
  connections: number
  /**
   * Bytes that wait for a slow client to read them. Beyond it, its connection is closed.
   * @defaultValue 16_000_000
   */
  bytesWaiting: number
  /**
   * Bytes of events and recovered sessions that this process keeps in memory for connection state recovery. Beyond it, the
   * oldest are dropped, and a client that missed one of them joins anew, with `recovered` false.
   * @defaultValue 64_000_000
   */
  recoveryBytes: number
  /**
   * What all nodes may have together, with an `adapter` that has a `type`. Beyond it, the codes are the same as for one node.
   * @defaultValue see {@link LimitsOfAllNodes}
   */
  allNodes: LimitsOfAllNodes
}

/** Limits of all nodes together, beside those of each node. 0 turns a limit off. */
export interface LimitsOfAllNodes {
  /**
   * Connections of all nodes. Beyond it, a handshake is refused with 503 `FST_NSP_CONNECTIONS_LIMIT`.
   * @defaultValue 0
   */
  connections?: number
  /**
   * Dynamic namespaces that are open at the same time, of all nodes. One that is open on two nodes counts twice. Beyond it:
   * `FST_NSP_CHILDREN_LIMIT`.
   * @defaultValue 0
   */
  dynamicNamespaces?: number
}

/** Of each node. */
export const DEFAULT_LIMITS: Readonly<Omit<Limits, 'allNodes'>> = Object.freeze({
  eventsPerSecond: 200,
  eventsInFlight: 100,
  eventsWaiting: 100,
  streamsPerSocket: 20,
  arguments: 16,
  depth: 32,
  payloadBytes: 1_000_000,
  roomsPerSocket: 1_000,
  namespacesPerConnection: 100,
  joinsPerSecond: 50,
  dynamicNamespaces: 10_000,
  connections: 100_000,
  bytesWaiting: 16_000_000,
  recoveryBytes: 64_000_000,
})

// The default of engine.io's maxHttpBufferSize.
const ENGINE_BYTES = 1_000_000

/**
 * Makes `payloadBytes` and the engine's `maxHttpBufferSize` agree, in place: the engine closes a connection whose frame exceeds
 * its bound, so a packet within `payloadBytes` must fit.
 *
 * @param wanted - the `payloadBytes` of the user's options
 * @throws FST_NSP_OPTIONS_INVALID if both were given, and `payloadBytes` is larger
 */
export function agreeOnSize(io: { maxHttpBufferSize?: number }, limits: Limits, wanted: number | undefined): void {
  const most = io.maxHttpBufferSize
  if (wanted === undefined) limits.payloadBytes = Math.min(limits.payloadBytes, most ?? ENGINE_BYTES)
  else if (most === undefined) io.maxHttpBufferSize = Math.max(wanted, ENGINE_BYTES)
  else if (wanted > most) {
    const problem = `must be within io.maxHttpBufferSize, which is ${most}: got ${wanted}`
    throw new FST_NSP_OPTIONS_INVALID('limits.payloadBytes', problem)
  }
}

/** A clock, in milliseconds. */
export type Clock = () => number

/** Whether a count is within a limit. 0 means no limit. */
export function isWithin(count: number, limit: number): boolean {
  return limit === 0 || count <= limit
}
