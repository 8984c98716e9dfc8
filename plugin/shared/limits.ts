import { FST_NSP_OPTIONS_INVALID } from './errors.js'

/*
 * What one socket may take, and the server of all: a rate, a number at a time, rooms. All of it with a clock that is given.
 */

/** Bounds, on by default. 0 turns one off, but for the three that guard the process: `arguments`, `depth`, `payloadBytes`. */
export interface Limits {
  /** Events a second of one socket, on average; twice as many in a burst. Default 200. */
  eventsPerSecond: number
  /** Events of one socket that are handled at a time. Default 100. */
  eventsInFlight: number
  /** Events of one socket that wait: for `onConnect`, or for their turn in a sequential namespace. Default 100. */
  eventsWaiting: number
  /** Arguments of one packet, the ack not counted. Default 16. */
  arguments: number
  /** How deep a payload is nested. Default 32. */
  depth: number
  /**
   * Bytes of one packet with its attachments. Default 1_000_000, or `io.maxHttpBufferSize`, which bounds a frame, where
   * that is less; and more than 1_000_000 sets that one, too.
   */
  payloadBytes: number
  /** Rooms that one socket may be in, its own left out. Default 1_000. */
  roomsPerSocket: number
  /** Namespaces that one connection may be in, or on the way to. Default 100. */
  namespacesPerConnection: number
  /**
   * Joins a second of one connection, on average; in a burst twice as many, or twice `namespacesPerConnection` where that is more. Leaves have the
   * same rate. Default 50.
   */
  joinsPerSecond: number
  /** Dynamic namespaces that are open at a time, of the whole server. Default 10_000. */
  dynamicNamespaces: number
  /** Connections of the whole server; one more handshake is refused with 503. Default 100_000. */
  connections: number
  /** Bytes that wait for a slow reader; at more its connection is closed. Default 16_000_000. */
  bytesWaiting: number
  /**
   * Bytes of events and sessions that the memory of this process keeps for recoveries, of the whole server. At more the
   * oldest go, and a client that has missed one of them joins anew: `recovered` is false. Default 64_000_000.
   */
  recoveryBytes: number
}

export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  eventsPerSecond: 200,
  eventsInFlight: 100,
  eventsWaiting: 100,
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

// What the engine takes where it is told nothing.
const ENGINE_BYTES = 1_000_000

/**
 * Makes the bound of a packet and the engine's bound of a frame agree, in place: what is within ours must not be above the
 * engine's, which closes connections. `wanted`: the `payloadBytes` that were given.
 * throws FST_NSP_OPTIONS_INVALID where both were given, and the engine takes less.
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

/** A token bucket: `perSecond` tokens a second, and room for two seconds' worth. */
export interface Bucket {
  /** Takes a token. 0 if there was one, else the milliseconds until there is. */
  take(): number
}

export function createBucket(perSecond: number, now: Clock): Bucket {
  return new TokenBucket(perSecond, now)
}

class TokenBucket implements Bucket {
  readonly #perSecond: number
  readonly #now: Clock
  #tokens: number
  #filledAt: number

  constructor(perSecond: number, now: Clock) {
    this.#perSecond = perSecond
    this.#now = now
    this.#tokens = perSecond * 2
    this.#filledAt = now()
  }

  take(): number {
    const perSecond = this.#perSecond
    if (perSecond === 0) return 0
    const at = this.#now()
    this.#tokens = Math.min(perSecond * 2, this.#tokens + ((at - this.#filledAt) / 1_000) * perSecond)
    this.#filledAt = at
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / perSecond) * 1_000)
    this.#tokens -= 1
    return 0
  }
}

/** A token bucket that is a number, for those whom every connection has: when it will be full again. */
export type FullAt = number

/**
 * Takes a token of a bucket with room for `burst`.
 * out: when the bucket will be full; or, negative, the whole milliseconds until there is a token.
 */
export function takeToken(fullAt: FullAt, perSecond: number, burst: number, now: Clock): number {
  const at = now()
  const next = Math.max(fullAt, at) + 1_000 / perSecond
  const early = next - at - (burst * 1_000) / perSecond
  // Thirds of a millisecond do not add up.
  return early > 0.001 ? -Math.ceil(early) : next
}

/** Whether a number is within a limit, where 0 is no limit. */
export function isWithin(count: number, limit: number): boolean {
  return limit === 0 || count <= limit
}
