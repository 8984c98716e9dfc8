import { channel } from 'node:diagnostics_channel'
import { PacketType } from '../socket-io-packages.js'
import { rawConnectionOf } from '../websocket/engine-transports.js'
import type { EmitQueue, EmitQueues } from './emit-queues.js'

/*
 * Bounds what waits for a connection whose client does not read: an emit is dropped when a newer one with its key waits, or when too
 * many do. It is taken out of what engine.io keeps, so all others keep their order, and their offsets rise.
 */

/** A packet of engine.io that waits to be written. */
export interface WaitingPacket {
  type?: string
  data?: unknown
  options?: object
}

/** The engine's socket, as far as its buffer is concerned. */
export interface BufferingConnection {
  readonly transport: { readonly writable?: boolean }
  /** What the engine keeps until the transport is writable. Private. */
  readonly writeBuffer?: WaitingPacket[]
}

/** The emits of one queue that wait: each the packets that it consists of. */
interface WaitingQueue {
  readonly queue: EmitQueue
  readonly emits: WaitingPacket[][]
  dropped: number
  /** Tells the client, in the place of the first one that was dropped. */
  notice: WaitingPacket | undefined
}

/** A wire format. */
const DROPPED_EMIT = 'namespace:dropped'

/** A packet that was dropped, until it is removed. Clients ignore it, if it should ever be written. */
const DROPPED: WaitingPacket = { type: 'noop', data: undefined, options: {} }

/** Its messages: `{ namespace, emit }`, for each emit that was dropped for one connection. */
const dropped = channel('fastify-namespaces:emit-dropped')

/** What waits for one connection. */
export class WaitingEmits {
  readonly #connection: BufferingConnection
  readonly #queues: EmitQueues
  /** The bytes (characters of a text) that wait. */
  readonly #unread: { created: number }
  /** By the names of their queues; undefined while the client reads. */
  #kept: Map<string, WaitingQueue> | undefined
  #check: NodeJS.Immediate | undefined
  /** Where the packets begin that may be dropped. */
  #start = 0
  /** How many packets were dropped, and not removed yet. */
  #dropped = 0
  /** The packets so far of an emit with attachments. */
  #open: WaitingPacket[] = []
  #missing = 0

  constructor(connection: BufferingConnection, queues: EmitQueues, unread: { created: number }) {
    this.#connection = connection
    this.#queues = queues
    this.#unread = unread
  }

  /** Notes a packet that the engine is about to keep. */
  note(packet: WaitingPacket): void {
    if (this.#kept) {
      this.#read(packet, this.#kept)
      // Not at each one: to remove a packet takes as long as there are others.
      if (this.#dropped * 2 > this.#buffer.length) this.#remove()
    } else if (!this.#check && isWaiting(this.#connection.transport)) {
      // A write over TLS ends no sooner than the loop comes round: until then, nobody knows whether the client reads.
      this.#check = setImmediate(() => this.#begin())
    }
  }

  /** Called when the engine writes what it has kept. */
  flush(): void {
    this.#end()
    this.#start = 0
  }

  /** From now on, what waits already is not dropped: what comes after it is for another session. */
  seal(): void {
    this.#end()
    this.#start = this.#buffer.length
  }

  get #buffer(): WaitingPacket[] {
    return this.#connection.writeBuffer ?? []
  }

  #begin(): void {
    this.#check = undefined
    if (!isWaiting(this.#connection.transport)) return
    const kept = new Map()
    for (const packet of this.#buffer.slice(this.#start)) this.#read(packet, kept)
    this.#kept = kept
  }

  #end(): void {
    clearImmediate(this.#check)
    this.#check = undefined
    if (!this.#kept) return
    for (const kept of this.#kept.values()) this.#tell(kept)
    this.#kept = undefined
    this.#missing = 0
    this.#remove()
  }

  #read(packet: WaitingPacket, all: Map<string, WaitingQueue>): void {
    if (packet.type !== 'message') return
    if (this.#missing === 0 || typeof packet.data === 'string') {
      this.#open = []
      this.#missing = this.#queues.countParts(packet.data)
      if (this.#missing === 0) return
    }
    this.#open.push(packet)
    if (--this.#missing > 0) return
    const emit = this.#open
    const queue = this.#queues.queueOf(emit.map(({ data }) => data))
    if (!queue) return
    const kept = all.get(queue.name) ?? { queue, emits: [], dropped: 0, notice: undefined }
    all.set(queue.name, kept)
    kept.emits.push(emit)
    if (kept.emits.length > queue.most) this.#dropOldest(kept)
  }

  #dropOldest(kept: WaitingQueue): void {
    const { namespace, emit, isTold } = kept.queue
    const oldest = kept.emits.shift() as [WaitingPacket, ...WaitingPacket[]]
    for (const packet of oldest) {
      this.#unread.created -= bytesOf(packet)
      Object.assign(packet, DROPPED)
    }
    this.#dropped += oldest.length
    kept.dropped++
    if (isTold && !kept.notice) {
      this.#dropped--
      kept.notice = Object.assign(oldest[0], { type: 'message', options: { compress: true } })
      this.#tell(kept)
    }
    if (dropped.hasSubscribers) dropped.publish({ namespace, emit })
  }

  #tell({ queue, notice, dropped }: WaitingQueue): void {
    if (!notice) return
    const { namespace: nsp, emit } = queue
    const [data] = this.#queues.options.encode({ type: PacketType.EVENT, nsp, data: [DROPPED_EMIT, { emit, dropped }] })
    notice.data = data
  }

  /** Removes what was dropped from what the engine keeps. */
  #remove(): void {
    const buffer = this.#buffer
    let length = 0
    for (const packet of buffer) if (packet.type !== DROPPED.type) buffer[length++] = packet
    buffer.length = length
    this.#dropped = 0
  }
}

/** Whether the client has not read what was sent, or not polled. A transport that only completes a write of this tick does not wait. */
function isWaiting(transport: BufferingConnection['transport']): boolean {
  return !transport.writable && rawConnectionOf(transport)?.writableLength !== 0
}

/** The bytes (characters of a text) of a packet. */
export function bytesOf({ data }: WaitingPacket): number {
  const sized = data as { readonly length?: number; readonly byteLength?: number } | undefined
  return sized?.length ?? sized?.byteLength ?? 0
}
