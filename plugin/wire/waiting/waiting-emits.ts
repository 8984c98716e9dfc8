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
  readonly type?: string
  data?: unknown
  readonly options?: object
}

/** The engine's socket, as far as its buffer is concerned. */
export interface BufferingConnection {
  readonly transport: { readonly writable?: boolean }
  /** What the engine keeps until the transport is writable. Private. */
  readonly writeBuffer?: WaitingPacket[]
}

/** The emits of one queue that wait: each the packets that it consists of. */
interface KeptEmits {
  readonly emits: WaitingPacket[][]
  dropped: number
  /** Tells the client, in the place of the first one that was dropped. */
  notice: WaitingPacket | undefined
}

/** A wire format. */
const DROPPED_EMIT = 'namespace:dropped'

/** Its messages: `{ namespace, emit }`, for each emit that was dropped for one connection. */
const dropped = channel('fastify-namespaces:emit-dropped')

/** What waits for one connection. */
export class WaitingEmits {
  readonly #connection: BufferingConnection
  readonly #queues: EmitQueues
  #waiting: Map<string, KeptEmits> | undefined
  /** The packets so far of an emit with attachments. */
  #open: WaitingPacket[] = []
  #missing = 0

  constructor(connection: BufferingConnection, queues: EmitQueues) {
    this.#connection = connection
    this.#queues = queues
  }

  /**
   * Notes a packet that the engine is about to keep.
   *
   * @returns the bytes (characters of a text) that were dropped for it
   */
  add(packet: WaitingPacket): number {
    if (packet.type !== 'message' || !isWaiting(this.#connection.transport)) return 0
    if (this.#missing === 0 || typeof packet.data === 'string') {
      this.#open = []
      this.#missing = this.#queues.countParts(packet.data)
      if (this.#missing === 0) return 0
    }
    this.#open.push(packet)
    if (--this.#missing > 0) return 0
    const emit = this.#open
    const queue = this.#queues.queueOf(emit.map(({ data }) => data))
    return queue ? this.#wait(queue, emit) : 0
  }

  /** Called when the engine writes what it has kept. */
  clear(): void {
    this.#waiting = undefined
    this.#open = []
    this.#missing = 0
  }

  #wait(queue: EmitQueue, emit: WaitingPacket[]): number {
    this.#waiting ??= new Map()
    let waiting = this.#waiting.get(queue.name)
    if (!waiting) {
      waiting = { emits: [], dropped: 0, notice: undefined }
      this.#waiting.set(queue.name, waiting)
    }
    waiting.emits.push(emit)
    return waiting.emits.length > queue.most ? this.#dropOldest(queue, waiting) : 0
  }

  #dropOldest({ namespace, emit, isTold }: EmitQueue, waiting: KeptEmits): number {
    const { writeBuffer = [] } = this.#connection
    const oldest = waiting.emits.shift() as [WaitingPacket, ...WaitingPacket[]]
    const at = writeBuffer.indexOf(oldest[0])
    // A listener of the application has thrown before the engine kept it.
    if (at < 0) return 0
    waiting.dropped++
    const isFirst = isTold && !waiting.notice
    if (isFirst) waiting.notice = { type: 'message', options: { compress: true } }
    writeBuffer.splice(at, oldest.length, ...(isFirst ? [waiting.notice as WaitingPacket] : []))
    if (waiting.notice) waiting.notice.data = this.#encodeNotice(namespace, emit, waiting.dropped)
    if (dropped.hasSubscribers) dropped.publish({ namespace, emit })
    return oldest.reduce((sum, packet) => sum + bytesOf(packet), 0)
  }

  #encodeNotice(nsp: string, emit: string, count: number): unknown {
    const { encode } = this.#queues.options
    return encode({ type: PacketType.EVENT, nsp, data: [DROPPED_EMIT, { emit, dropped: count }] })[0]
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
