import type { ItemStream } from '../any-client.js'
import { type ClientErrorCode, clientError, dataOfAck, errorOfAck, refusalOf } from '../call-error.js'
import type { ClientOptions, ClientStreamOptions } from '../client-options.js'
import { type CallTarget, emitNow, forgetAcks, nextAckOf } from './emit-now.js'
import { createItemQueue, type StreamEnd } from './item-queue.js'

/*
 * One stream: opened when its namespace is joined, read with credits, and opened again after a lost connection if its items have ids.
 */

/** A use of a namespace, with the receivers of items by the ids of their streams. */
export interface StreamTarget extends CallTarget {
  readonly streams: Map<unknown, (item: unknown, itemId: unknown) => void>
}

interface OpenOptions extends ClientStreamOptions, Required<Pick<ClientOptions, 'offline'>> {}

/** The server's default. */
const CREDITS = 16

let count = 0

export function openStream(
  { socket, state, streams }: StreamTarget,
  event: string,
  payload: unknown,
  { signal, onItem, resume, credits, offline }: OpenOptions,
): ItemStream {
  const queue = createItemQueue(onRead, cancel)
  /** The id of the stream in the server; undefined while it is not open there. */
  let id: string | undefined
  let ack = -1
  /** Whether the server has been asked for it. */
  let wasOpen = false
  /** The id of the last item that has arrived. */
  let lastId: unknown
  let isEnded = false
  /** How many items have been read, and not yet been granted to the server again. */
  let read = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let unsubscribe = () => {}
  /** Ends `result` although the receiver of an item is not done. */
  let halt: (error: unknown) => void
  const halted = new Promise<never>((_resolve, reject) => {
    halt = reject
  })
  halted.catch(() => {})

  const unanswered = (code: ClientErrorCode, cause?: unknown) => clientError(code, cause, event, wasOpen)

  function open(): void {
    const mine = `${++count}`
    // Unread items of a former connection count.
    const unread = queue.size()
    const window = credits ?? (unread > 0 ? CREDITS : undefined)
    const request = { id: mine, credits: window && Math.max(1, window - unread), lastId }
    forget()
    id = mine
    streams.set(mine, receive)
    ack = nextAckOf(socket)
    try {
      wasOpen = emitNow(socket, event, payload, request, (ack: unknown) => {
        if (id === mine) onAck(ack)
      })
      if (!wasOpen) forget()
    } catch (error) {
      finish({ error }) // a payload that can't be encoded
    }
  }

  /** The stream is not open in the server any more. */
  function forget(): void {
    streams.delete(id)
    forgetAcks(socket, ack)
    id = undefined
    read = 0
  }

  function finish(last: StreamEnd): void {
    if (isEnded) return
    isEnded = true
    forget()
    unsubscribe()
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    queue.end(last)
  }

  /** Ends the stream in the server, and drops the items that have not been read. */
  function stop(isThrown: boolean, error: unknown): void {
    if (id !== undefined) emitNow(socket, 'namespace:cancel', id)
    finish({ error })
    queue.drop(isThrown)
    halt(error)
  }

  function cancel(): void {
    stop(false, unanswered('NSP_CLIENT_ABORTED'))
  }

  function abort(): void {
    stop(true, unanswered('NSP_CLIENT_ABORTED', signal?.reason))
  }

  function receive(item: unknown, itemId: unknown): void {
    if (itemId !== undefined) lastId = itemId
    queue.push(item)
  }

  const canResume = () => resume ?? lastId !== undefined

  function onAck(ack: unknown): void {
    const error = errorOfAck(ack, event)
    // The server closes; the next connection resumes the stream.
    if (error?.code === 'FST_NSP_CLOSING' && canResume()) forget()
    else finish(error ? { error } : { data: dataOfAck(ack) })
  }

  function onRead(): void {
    if (id === undefined) return
    read++
    // Half of them at once; fewer when no more have been read in the same task. The event's own credits may be fewer than ours.
    if (read * 2 >= (credits ?? CREDITS)) grant()
    else timer ??= setTimeout(grant)
  }

  function grant(): void {
    clearTimeout(timer)
    timer = undefined
    if (id !== undefined && read > 0) emitNow(socket, 'namespace:more', id, read)
    read = 0
  }

  function update(): void {
    const now = state.getSnapshot()
    if (now.status === 'joined') open()
    else if (now.status === 'refused') finish({ error: refusalOf(now.error, event, wasOpen) })
    else if (now.status === 'left') stop(true, unanswered('NSP_CLIENT_LEFT'))
    else if (wasOpen ? canResume() : offline === 'wait') forget()
    else finish({ error: unanswered('NSP_CLIENT_OFFLINE') })
  }

  /** Reads the items for the application. If the receiver throws, the iteration is left early, which cancels the stream. */
  async function pushTo(receiver: (item: unknown) => unknown): Promise<unknown> {
    for await (const item of queue) {
      try {
        await receiver(item)
      } catch (error) {
        halt(error)
        break
      }
    }
    return queue.result
  }

  if (signal?.aborted) abort()
  else {
    signal?.addEventListener('abort', abort)
    unsubscribe = state.subscribe(update)
    update()
  }
  const result = onItem ? Promise.race([halted, pushTo(onItem)]) : queue.result
  // Nobody has to listen: an iteration throws the same error.
  result.catch(() => {})
  return { result, cancel, [Symbol.asyncIterator]: queue[Symbol.asyncIterator] }
}
