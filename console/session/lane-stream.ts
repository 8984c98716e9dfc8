import type { CallError } from '../../plugin/client.js'
import { describeError } from './error-description.js'
import type { JoinedLane } from './joined-lane.js'
import type { OpenStream, StreamOptions } from './session-types.js'

/** How many items of a stream its action keeps. */
const MOST_ITEMS = 20

interface LaneStream extends OpenStream {
  /** The first items. */
  readonly items: readonly unknown[]
  readonly isCancelled: () => boolean
}

/** Opens a stream. The client asks for further items when those that came have been received, or only when `more()` is called. */
export function openLaneStream(
  { use, streams, tell, tellAck }: JoinedLane,
  event: string,
  payload: unknown,
  { onItem, credits, isManual }: StreamOptions,
): LaneStream {
  const started = performance.now()
  const items: unknown[] = []
  let isCancelled = false

  function keep(item: unknown): void {
    if (items.length < MOST_ITEMS) items.push(item)
    if (isManual) onItem(item)
  }

  const receiver = { event, payload, receive: keep }
  streams.add(receiver)
  const stream = use.stream(event, payload, {
    ...(credits !== undefined && { credits }),
    ...(!isManual && { onItem }),
  })
  const reader = isManual ? stream[Symbol.asyncIterator]() : undefined

  function end(outcome: { readonly value?: unknown; readonly error?: CallError }) {
    const { value, error } = outcome
    const ms = performance.now() - started
    streams.delete(receiver)
    const ack = error ? { ok: false, error: describeError(error) } : { ok: true, data: value }
    // The errors of the client are no acks.
    if (!error?.code?.startsWith('NSP_CLIENT_')) tellAck(event, [ack], ms, error)
    else if (!isCancelled) tell('end of stream', event, error)
    return { ...outcome, ms }
  }

  return {
    items,
    isCancelled: () => isCancelled,
    result: stream.result.then(
      (value) => end({ value }),
      (error: CallError) => end({ error }),
    ),

    more(count) {
      if (!reader) return
      tell('more', count)
      // Each item that is read gives the server a credit.
      for (let left = count; left > 0; left--) reader.next().catch(() => {})
    },

    cancel() {
      isCancelled = true
      tell('cancel', event)
      stream.cancel()
    },
  }
}
