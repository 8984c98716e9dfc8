import { FST_NSP_CLOSING, FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL } from '../../shared/errors.js'
import type { Ack } from '../ack.js'
import { anyListenersOf } from '../any-listeners.js'
import type { IncomingEvent } from '../incoming-event.js'
import type { EventRefusals } from './event-refusals.js'
import { type Middleware, MiddlewareRun } from './socket-middlewares.js'
import type { GiveUpReason, WaitingEvent } from './waiting-event.js'

/*
 * Runs the `socket.use()` middlewares and the plain listeners for an event. If they do not ack it in time, it is acked with
 * an error.
 */

// Socket.IO adds a listener of `error` to each socket, so that emitting one does not throw. A client may send an `error` event.
const OWN_ERROR_LISTENERS = 1

/** What the gate does when an event leaves its middlewares. */
export interface MiddlewareCallbacks {
  /** All middlewares have called `next()`. */
  readonly passed: () => void
  /** The event goes no further, and no middleware runs any more. */
  readonly left: () => void
  /** A middleware has called `next()` after the event had left: it must be counted as in flight again. */
  readonly again: () => void
}

/**
 * Runs the middlewares for an event, for `timeoutMs` at most. If one of them refuses the event or never calls `next()`, the
 * event is acked with an error. It counts as in flight until it is acked; an event without an ack, until a middleware returns
 * without calling `next()`.
 */
export function runMiddlewares(
  refusals: EventRefusals,
  incoming: IncomingEvent,
  middlewares: readonly Middleware[],
  timeoutMs: number,
  { passed, left, again }: MiddlewareCallbacks,
): void {
  const { ack } = incoming
  const endsAt = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY
  let isHolding = true
  let wait: WaitingEvent | undefined
  const leave = () => {
    wait?.end()
    if (isHolding) left()
    isHolding = false
  }
  const run = new MiddlewareRun(refusals.socket, incoming.event, middlewares, {
    passed() {
      wait?.end()
      incoming.reread()
      passed()
    },
    refused(error, isThrown) {
      refusals.refuseByMiddleware(incoming, error, isThrown)
      incoming.passOn(error instanceof Error ? error : new FST_NSP_INTERNAL())
      leave()
    },
    failedLate: (error) => void refusals.report(error, 'middleware', incoming.name),
    returnedUnanswered() {
      if (ack && !ack.isSent) return
      if (ack) run.end()
      else run.park()
      leave()
    },
    resumed(resume) {
      incoming.resume = () => {
        incoming.resume = undefined
        isHolding = true
        proceed(resume)
      }
      again()
    },
    isLate: () => performance.now() >= endsAt,
  })
  function giveUp(reason: GiveUpReason): void {
    if (reason === 'late') {
      const what = 'A socket.use() middleware, until it called next() or the ack,'
      refusals.refuse(incoming, new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', timeoutMs))
    }
    if (reason === 'closing') refusals.refuse(incoming, new FST_NSP_CLOSING())
    run.stop(leave)
  }
  function proceed(step: () => void): void {
    step()
    if (run.isOver || run.isParked) return
    // The socket disconnected during the step, so WaitingEvents.end() has already run.
    if (!refusals.socket.connected) giveUp('gone')
    else wait = refusals.waiting.begin(timeoutMs && Math.max(1, endsAt - performance.now()), giveUp)
  }
  if (ack) {
    ack.whenSent = () => {
      const { index } = run
      // A middleware may send the ack and call next() in the same tick.
      queueMicrotask(() => {
        if (run.isOver || run.index !== index) return
        run.end()
        leave()
      })
    }
  }
  proceed(() => run.begin())
}

/**
 * Passes an event to its listeners and to the `onAny` listeners. Refuses one that has no listener or is not acked in time.
 *
 * @param isDefined - whether the namespace has a definition. In a plain namespace an `onAny` listener may answer every event.
 */
export function passToListeners(refusals: EventRefusals, incoming: IncomingEvent, isDefined: boolean): void {
  const { socket, handlerTimeoutMs } = refusals
  const { name, ack } = incoming
  const isListenedFor = socket.listenerCount(name) > (name === 'error' ? OWN_ERROR_LISTENERS : 0)
  if (!isListenedFor && anyListenersOf(socket).length === 0) {
    refusals.refuseUnknown(incoming)
    return
  }
  incoming.passOn()
  if (!ack || ack.isSent) return
  const isUnknown = !isListenedFor && isDefined
  if (!isUnknown && handlerTimeoutMs === 0) return
  if (!isListenedFor) answerUnknown(refusals, incoming, ack, isDefined)
  else {
    expectAck(refusals, ack, (reason) => {
      if (reason !== 'late') return
      const what = `A listener of ${name.slice(0, 100)}, until it called the ack,`
      refusals.refuse(incoming, new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', handlerTimeoutMs))
    })
  }
}

/** Refuses an event that only `onAny` listeners have received, unless they ack it. */
function answerUnknown(refusals: EventRefusals, incoming: IncomingEvent, ack: Ack, isDefined: boolean): void {
  const refuse = () => refusals.refuseUnknown(incoming)
  if (isDefined && !ack.pending) {
    refuse()
    return
  }
  const wait = expectAck(refusals, ack, (reason) => {
    if (reason !== 'gone') refuse()
  })
  if (isDefined && ack.pending) void Promise.allSettled(ack.pending).then(() => wait.giveUp('late'))
}

function expectAck(refusals: EventRefusals, ack: Ack, giveUp: (reason: GiveUpReason) => void): WaitingEvent {
  const wait = refusals.waiting.begin(refusals.handlerTimeoutMs, giveUp)
  ack.whenSent = () => void wait.end()
  return wait
}
