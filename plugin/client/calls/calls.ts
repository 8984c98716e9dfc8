import type { ItemStream } from '../any-client.js'
import { CallError } from '../call-error.js'
import type { CallOptions, ClientOptions, ClientStreamOptions } from '../client-options.js'
import { createReadable, type Readable, report } from '../readable.js'
import { type CallLedger, callEvent } from './call-event.js'
import type { CallTarget } from './emit-now.js'
import { openStream, type StreamTarget } from './item-stream.js'

/*
 * All calls and streams of a client: how many calls wait, and how many may.
 */

export interface Calls {
  /** How many calls wait, for a connection or for their ack. */
  readonly pending: Readable<number>
  readonly call: (target: CallTarget, event: string, payload: unknown, options?: CallOptions) => Promise<unknown>
  readonly send: (target: CallTarget, event: string, payload: unknown) => void
  readonly stream: (target: StreamTarget, event: string, payload: unknown, options?: ClientStreamOptions) => ItemStream
}

export function createCalls(options: Required<Pick<ClientOptions, 'timeoutMs' | 'offline' | 'maxWaiting'>>): Calls {
  const pending = createReadable(0)
  let waiting = 0

  const ledger: CallLedger = {
    refusal() {
      if (options.offline === 'fail') return 'NSP_CLIENT_OFFLINE'
      return waiting < options.maxWaiting ? undefined : 'NSP_CLIENT_WAITING_LIMIT'
    },
    countPending: (change) => pending.set(pending.getSnapshot() + change),
    countWaiting: (change) => {
      waiting += change
    },
  }

  return {
    pending,

    call(target, event, payload, { timeoutMs = options.timeoutMs, signal, retry = false } = {}) {
      return callEvent(target, { event, payload, timeoutMs, signal, retry, hasAck: true }, ledger)
    },

    stream: (target, event, payload, given) =>
      openStream(target, event, payload, { ...given, offline: options.offline }),

    send(target, event, payload) {
      const { timeoutMs } = options
      const request = { event, payload, timeoutMs, signal: undefined, retry: false, hasAck: false }
      callEvent(target, request, ledger).catch((error) => {
        // Whether an event without an ack was sent is told to nobody; that its payload can't be encoded is a mistake.
        if (!(error instanceof CallError)) report(error)
      })
    },
  }
}
