import {
  FST_NSP_STREAM_CANCELLED,
  FST_NSP_STREAM_INVALID,
  FST_NSP_STREAMS_LIMIT,
} from '../../shared/errors/stream-errors.js'
import { isWithin } from '../../shared/limits.js'
import type { LiveStream } from './live-stream.js'
import { isCount, LONGEST_ID } from './stream-options.js'

/*
 * The open streams of one socket, by the client's id; and the two events by which the client controls them.
 */

export const MORE = 'namespace:more'
export const CANCEL = 'namespace:cancel'

export interface StreamEvents {
  /** Whether an event of the socket is waiting, which may be one that opens a stream. */
  readonly isWaiting: boolean
  /** Takes an event from the rate of the socket. Returns whether there was one. */
  takeRate(): boolean
}

// Events for streams that have just ended: the client could not know.
const MOST_LATE = 1_024
const MOST_CANCELLED = 100

export class SocketStreams {
  readonly #limit: number
  readonly #open = new Map<string, LiveStream>()
  /** The number of control events for streams that have ended that cost no rate. */
  #late = 0
  /** Ids of streams that were cancelled while the event that opens them was waiting. */
  readonly #cancelled = new Set<string>()

  /** @param limit - the most open streams; 0 turns it off */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Called with each event that the client may open a stream with, before it waits. An earlier cancel was for another stream.
   *
   * @param options - as they came from the wire
   */
  expect(options: unknown): void {
    if (this.#cancelled.size > 0) this.#cancelled.delete(Object(options).id)
  }

  /** @throws FST_NSP_STREAM_CANCELLED, FST_NSP_STREAM_INVALID, FST_NSP_STREAMS_LIMIT */
  add(stream: LiveStream, event: string): void {
    const { id } = stream
    if (this.#cancelled.delete(id)) throw new FST_NSP_STREAM_CANCELLED()
    if (this.#open.has(id)) throw new FST_NSP_STREAM_INVALID(event, 'the socket has an open stream with the same id')
    if (!isWithin(this.#open.size + 1, this.#limit)) throw new FST_NSP_STREAMS_LIMIT(this.#limit)
    this.#open.set(id, stream)
  }

  delete(stream: LiveStream): void {
    this.#open.delete(stream.id)
    this.#late = Math.min(this.#late + stream.owed + 1, MOST_LATE)
  }

  /**
   * Handles an event by which the client controls a stream. The values are as they came from the wire.
   *
   * @param name - MORE or CANCEL
   * @param count - for MORE: the number of items
   */
  control(name: string, id: unknown, count: unknown, events: StreamEvents): void {
    const stream = this.#open.get(id as string)
    if (stream && name === CANCEL) stream.end(new FST_NSP_STREAM_CANCELLED())
    else if (stream && isCount(count)) this.#grant(stream, count, events)
    else if (stream) events.takeRate()
    else this.#controlUnknown(name, id, events)
  }

  /** Credits in exchange for items cost no rate. */
  #grant(stream: LiveStream, count: number, events: StreamEvents): void {
    if (count <= stream.owed) stream.owed -= count
    else if (!events.takeRate()) return
    stream.grant(count)
  }

  #controlUnknown(name: string, id: unknown, events: StreamEvents): void {
    if (this.#late > 0) this.#late--
    else if (!events.takeRate()) return
    if (!events.isWaiting) this.#cancelled.clear()
    else if (name === CANCEL && isId(id) && this.#cancelled.size < MOST_CANCELLED) this.#cancelled.add(id)
  }
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= LONGEST_ID
}
