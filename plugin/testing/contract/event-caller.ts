import { setTimeout as sleep } from 'node:timers/promises'
import type { Socket } from 'socket.io-client'

/*
 * Calls events of an app in this process, as a client does.
 */

/** The error of an ack. */
interface AnswerError {
  readonly code: string
  readonly message: string
  readonly details?: unknown
}

/** What came back: the ack, and before it the items of a stream. */
export interface Answer {
  readonly items: readonly unknown[]
  readonly data?: unknown
  readonly error?: AnswerError
}

export type CallEvent = (event: string, payload: unknown, isStream: boolean) => Promise<Answer>

interface CallerOptions {
  /** A connected socket; joins again if the app has disconnected the last one. */
  readonly join: () => Promise<Socket>
  readonly timeoutMs: number
}

type AckResult = { ok: true; data: unknown } | { ok: false; error: AnswerError }

// More items would say no more about their schema.
const MOST_ITEMS = 10

export function createCaller({ join, timeoutMs }: CallerOptions): CallEvent {
  let count = 0
  const noAck = ({ connected }: Socket): AckResult => {
    const message = connected ? `No ack within ${timeoutMs} ms` : 'The server has disconnected the client'
    return { ok: false, error: { code: 'NO_ACK', message } }
  }

  async function ask(event: string, payload: unknown, isStream: boolean): Promise<Answer> {
    const socket = await join()
    const id = `contract-${++count}`
    const items: unknown[] = []
    const onItem = (of: unknown, item: unknown) => {
      if (of !== id) return
      if (items.push(item) < MOST_ITEMS) socket.emit('namespace:more', id, 1)
      else socket.emit('namespace:cancel', id)
    }
    const options = isStream ? [{ id }] : []
    socket.on('namespace:item', onItem)
    const envelope: AckResult = await socket
      .timeout(timeoutMs)
      .emitWithAck(event, payload, ...options)
      .catch(() => noAck(socket))
    socket.off('namespace:item', onItem)
    // We have cancelled it.
    if (items.length >= MOST_ITEMS) return { items }
    return envelope.ok ? { items, data: envelope.data } : { items, error: envelope.error }
  }

  return async (event, payload, isStream) => {
    for (;;) {
      const answer = await ask(event, payload, isStream)
      if (answer.error?.code !== 'FST_NSP_RATE_LIMITED') return answer
      const { retryAfterMs } = answer.error.details as { retryAfterMs: number }
      await sleep(retryAfterMs)
    }
  }
}
