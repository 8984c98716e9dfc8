import type { ItemStream } from '../any-client.js'
import { type ClientReason, clientError, dataOfAck, errorOfAck, refusalOf } from '../call-error.js'
import type { ClientOptions, ClientStreamOptions } from '../client-options.js'
import { type CallTarget, emitNow, forgetAcks, nextAckOf } from './emit-now.js'
import { followUse } from './follow-use.js'
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
  let unfollow = () => {}
  /** Ends `result` although the receiver of an item is not done. */
  let halt: (error: unknown) => void
  const halted = new Promise<never>((_resolve, reject) => {
    halt = reject
  })
  halted.catch(() => {})

  const unanswered = (reason: ClientReason, cause?: unknown) => clientError(reason, cause, event, wasOpen)

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
      fail(error) // a payload that can't be encoded
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
    unfollow()
    clearTimeout(timer)
    queue.end(last)
  }

  function fail(error: unknown): void {
    finish(() => {
      throw error
    })
  }

  /** Ends the stream in the server, and drops the items that have not been read. */
  function stop(isThrown: boolean, error: unknown): void {
    if (id !== undefined) emitNow(socket, 'namespace:cancel', id)
    fail(error)
    queue.drop(isThrown)
    halt(error)
  }

  function cancel(): void {
    stop(false, unanswered('ABORTED'))
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
    else if (error) fail(error)
    else finish(() => dataOfAck(ack))
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

  function wait(): void {
    if (wasOpen ? canResume() : offline === 'wait') forget()
    else fail(unanswered('OFFLINE'))
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

  unfollow = followUse(
    state,
    signal,
    open,
    wait,
    (error) => fail(refusalOf(error, event, wasOpen)),
    (reason, cause) => stop(true, unanswered(reason, cause)),
  )
  if (isEnded) unfollow()
  const result = onItem ? Promise.race([halted, pushTo(onItem)]) : queue.result
  // Nobody has to listen: an iteration throws the same error.
  result.catch(() => {})
  return { result, cancel, [Symbol.asyncIterator]: queue[Symbol.asyncIterator] }
}
