import type * as parserPackage from 'socket.io-parser'
import type { Packet } from 'socket.io-parser'
import { isThenable } from '../../shared/maybe-async.js'
import { type EventHead, readHead } from '../packet-text.js'
import { PacketType } from '../socket-io-packages.js'

/*
 * Says in which queue an encoded emit waits for a slow reader. Emits with one queue are those of which only the newest are kept.
 */

/** How many of an emit wait for one connection: the newest of each key, or the newest `dropOldest`. */
export interface EmitBound {
  /** The key of a payload; undefined for one that always waits. */
  readonly conflate: ((payload: never) => unknown) | undefined
  readonly dropOldest: number | undefined
}

/** Where an emit waits. */
export interface EmitQueue {
  readonly name: string
  readonly namespace: string
  readonly emit: string
  /** The most emits that wait in it. */
  readonly most: number
  /** Whether the client is told what was dropped. */
  readonly isTold: boolean
}

interface EmitQueuesOptions {
  readonly boundOf: (namespace: string, emit: string) => EmitBound | undefined
  readonly createDecoder: () => parserPackage.Decoder
  /** Whether packets are encoded as Socket.IO does it by default. */
  readonly isText: boolean
  /** Whether each emit has an offset behind its payload: with recovery. */
  readonly hasOffset: boolean
  /** Encodes the packet that tells a client of a gap. */
  readonly encode: (packet: Packet) => unknown[]
  /** Called with what a `conflate` has thrown, or with an error for a key that can't be one: the emit waits like any other. */
  readonly report: (error: unknown, namespace: string) => void
}

// '2' and '5': an event, and one with attachments
const EVENT = 50
const BINARY_EVENT = 53

/** One for all connections of a server. */
export class EmitQueues {
  readonly options: EmitQueuesOptions
  /** The last emit that was read: a broadcast is the same for all its connections. */
  #last: { readonly parts: readonly unknown[]; readonly queue: EmitQueue | undefined } | undefined

  constructor(options: EmitQueuesOptions) {
    this.options = options
  }

  /** Of how many parts, beginning with this one, a bounded emit consists; 0 for a part that begins none. */
  countParts(part: unknown): number {
    // With a parser of the application's, only decoding tells.
    if (!this.options.isText) return 1
    if (typeof part !== 'string') return 0
    const isBinary = part.charCodeAt(0) === BINARY_EVENT
    if (!isBinary && part.charCodeAt(0) !== EVENT) return 0
    const start = isBinary ? part.indexOf('-') + 1 : 1
    const isRead = readHead(part, start, head)
    if (isRead && !this.options.boundOf(head.namespace, head.name)) return 0
    return isBinary ? Number(part.slice(1, start - 1)) + 1 : 1
  }

  /** The queue of an emit; undefined for one that always waits. */
  queueOf(parts: readonly unknown[]): EmitQueue | undefined {
    const last = this.#last
    if (last?.parts.length === parts.length && last.parts.every((part, index) => part === parts[index])) {
      return last.queue
    }
    const queue = this.#read(parts)
    this.#last = { parts, queue }
    return queue
  }

  #read(parts: readonly unknown[]): EmitQueue | undefined {
    const packet = this.#decode(parts)
    // Somebody waits for the answer to an emit with an id.
    if (packet?.type !== PacketType.EVENT || packet.id !== undefined) return undefined
    const { nsp: namespace, data } = packet
    const { boundOf, hasOffset } = this.options
    const emit: string = data[0]
    const bound = boundOf(namespace, emit)
    if (!bound) return undefined
    const { dropOldest: most } = bound
    if (most !== undefined) return { name: JSON.stringify([namespace, emit]), namespace, emit, most, isTold: true }
    const [, payload] = hasOffset ? data.slice(0, -1) : data
    const key = this.#keyOf(bound, payload, namespace, emit)
    if (key === undefined) return undefined
    return { name: JSON.stringify([namespace, emit, key]), namespace, emit, most: 1, isTold: false }
  }

  #keyOf({ conflate }: EmitBound, payload: unknown, namespace: string, emit: string): unknown {
    try {
      const key = conflate?.(payload as never)
      if (key === undefined || typeof key === 'string' || typeof key === 'number') return key
      // Nothing awaits the promise: without a handler its rejection would end the process.
      if (isThenable(key)) key.then(undefined, () => {})
      throw new TypeError(`conflate of ${emit} must return a string, a number or undefined: got ${typeof key}`)
    } catch (error) {
      this.options.report(error, namespace)
      return undefined
    }
  }

  /** Undefined for what can't be decoded. */
  #decode(parts: readonly unknown[]): Packet | undefined {
    let decoded: Packet | undefined
    try {
      const decoder = this.options.createDecoder()
      decoder.on('decoded', (packet: Packet) => {
        decoded = packet
      })
      for (const part of parts) decoder.add(part)
    } catch {
      // Of a parser of the application's, or more attachments than a client reads.
    }
    return decoded
  }
}

const head: EventHead = { namespace: '/', id: undefined, name: '', start: 0 }
