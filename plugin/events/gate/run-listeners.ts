import { FST_NSP_CLOSING, FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL } from '../../shared/errors.js'
import type { Ack } from '../ack.js'
import { anyListenersOf } from '../any-listeners.js'
import type { IncomingEvent } from '../incoming-event.js'
import type { EventRefusals } from './event-refusals.js'
import { type Middleware, MiddlewareRun } from './socket-middlewares.js'
import type { GiveUpReason, WaitingEvent } from './waiting-event.js'

/*
 * An event in the application's own functions: its middlewares, and its listeners. They may answer it when they like, or
 * never: here its ack is sent in time, whatever they do.
 */

// Socket.IO listens for `error` itself, so that none is thrown; a client may send an event of that name.
const OWN_ERROR_LISTENERS = 1

/** How an event leaves the middlewares. */
export interface MiddlewareCallbacks {
  /** All have let it go on. */
  readonly passed: () => void
  /** It goes no further, and none of them runs any more. */
  readonly left: () => void
  /** It has left, and goes on after all: it needs a place in flight anew. */
  readonly again: () => void
}

/**
 * Takes an event through the middlewares, for `timeoutMs` at most; one that they refuse, or keep, is answered. It holds its
 * place in flight until it is acked. One that wants no ack gives it back when its middleware falls silent.
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
  const walk = new MiddlewareRun(refusals.socket, incoming.event, middlewares, {
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
      if (ack) walk.end()
      else walk.park()
      leave()
    },
    resumed(resume) {
      incoming.resume = () => {
        incoming.resume = undefined
        isHolding = true
        go(resume)
      }
      again()
    },
    isLate: () => performance.now() >= endsAt,
  })
  function giveUp(why: GiveUpReason): void {
    if (why === 'late') {
      const what = 'A middleware of socket.use(), until next() or an ack,'
      refusals.refuse(incoming, new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', timeoutMs))
    }
    if (why === 'closing') refusals.refuse(incoming, new FST_NSP_CLOSING())
    walk.stop(leave)
  }
  function go(step: () => void): void {
    step()
    if (walk.isOver || walk.isParked) return
    // Its end has been told already.
    if (!refusals.socket.connected) giveUp('gone')
    else wait = refusals.waiting.begin(timeoutMs && Math.max(1, endsAt - performance.now()), giveUp)
  }
  if (ack) {
    ack.whenSent = () => {
      const { index } = walk
      // It may call next() in the same breath.
      queueMicrotask(() => {
        if (walk.isOver || walk.index !== index) return
        walk.end()
        leave()
      })
    }
  }
  go(() => walk.begin())
}

/**
 * Hands an event on to whoever listens for it, or for any. One that nobody listens for, or answers, is answered.
 * `isDefined`: the namespace has a definition; in another one, a listener of any event may be the whole application.
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
    expectAck(refusals, ack, (why) => {
      if (why !== 'late') return
      const what = `A listener of ${name.slice(0, 100)}, until an ack,`
      refusals.refuse(incoming, new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', handlerTimeoutMs))
    })
  }
}

/** Those who listen for any event have heard of it. */
function answerUnknown(refusals: EventRefusals, incoming: IncomingEvent, ack: Ack, isDefined: boolean): void {
  const refuse = () => refusals.refuseUnknown(incoming)
  if (isDefined && !ack.pending) {
    refuse()
    return
  }
  const wait = expectAck(refusals, ack, (why) => {
    if (why !== 'gone') refuse()
  })
  if (isDefined && ack.pending) void Promise.allSettled(ack.pending).then(() => wait.giveUp('late'))
}

function expectAck(refusals: EventRefusals, ack: Ack, giveUp: (why: GiveUpReason) => void): WaitingEvent {
  const wait = refusals.waiting.begin(refusals.handlerTimeoutMs, giveUp)
  ack.whenSent = () => void wait.end()
  return wait
}
