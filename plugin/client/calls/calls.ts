import type { AnyJoined } from '../any-client.js'
import { CallError } from '../call-error.js'
import type { ClientOptions } from '../client-options.js'
import { createReadable, type Readable, report } from '../readable.js'
import { type CallLedger, callEvent } from './call-event.js'
import { openStream, type StreamTarget } from './item-stream.js'

/*
 * All calls and streams of a client: how many calls wait, and how many may.
 */

export interface Calls {
  /** How many calls wait, for a connection or for their ack. */
  readonly pending: Readable<number>
  /** The calls and streams of a use of a namespace. */
  readonly of: (target: StreamTarget) => Pick<AnyJoined, 'call' | 'send' | 'stream'>
}

export function createCalls({ timeoutMs = 10_000, offline = 'wait', maxWaiting = 100 }: ClientOptions): Calls {
  const pending = createReadable(0)
  let waiting = 0

  const ledger: CallLedger = {
    timeoutMs,
    refusal() {
      if (offline === 'fail') return 'OFFLINE'
      return waiting < maxWaiting ? undefined : 'WAITING_LIMIT'
    },
    countPending: (change) => pending.set(pending.getSnapshot() + change),
    countWaiting: (change) => {
      waiting += change
    },
  }

  return {
    pending,

    of: (target) => ({
      call: (event, payload, options) => callEvent(target, event, payload, options, true, ledger),

      stream: (event, payload, options) => openStream(target, event, payload, { ...options, offline }),

      send(event, payload) {
        callEvent(target, event, payload, {}, false, ledger).catch((error) => {
          // Whether an event without an ack was sent is told to nobody; that its payload can't be encoded is a mistake.
          if (!(error instanceof CallError)) report(error)
        })
      },
    }),
  }
}
