import { FST_NSP_CLOSING, FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL } from '../../shared/errors.js'
import type { Ack } from '../ack.js'
import { anyListenersOf } from '../any-listeners.js'
import type { Arrival } from '../incoming-event.js'
import type { Desk } from './answer-undeclared.js'
import { type Middleware, MiddlewareWalk } from './socket-middlewares.js'
import type { Wait, Why } from './waiting-event.js'

/*
 * An event in the application's own functions: its middlewares, and its listeners. They may answer it when they like, or
 * never: here its ack is sent in time, whatever they do.
 */

// Socket.IO listens for `error` itself, so that none is thrown; a client may send an event of that name.
const OWN_ERROR_LISTENERS = 1

/** How an event leaves the middlewares. */
export interface WalkEnds {
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
export function walkMiddlewares(
  desk: Desk,
  arrival: Arrival,
  middlewares: readonly Middleware[],
  timeoutMs: number,
  { passed, left, again }: WalkEnds,
): void {
  const { ack } = arrival
  const endsAt = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY
  let isHolding = true
  let wait: Wait | undefined
  const leave = () => {
    wait?.end()
    if (isHolding) left()
    isHolding = false
  }
  const walk = new MiddlewareWalk(desk.socket, arrival.event, middlewares, {
    passed() {
      wait?.end()
      arrival.reread()
      passed()
    },
    refused(error, isThrown) {
      desk.refuseByMiddleware(arrival, error, isThrown)
      arrival.passOn(error instanceof Error ? error : new FST_NSP_INTERNAL())
      leave()
    },
    failedLate: (error) => void desk.report(error, 'middleware', arrival.name),
    fellSilent() {
      if (ack && !ack.isSent) return
      if (ack) walk.end()
      else walk.park()
      leave()
    },
    resumed(goOn) {
      arrival.goOn = () => {
        arrival.goOn = undefined
        isHolding = true
        go(goOn)
      }
      again()
    },
    isLate: () => performance.now() >= endsAt,
  })
  function giveUp(why: Why): void {
    if (why === 'late') {
      const what = 'A middleware of socket.use(), until next() or an ack,'
      desk.refuse(arrival, new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', timeoutMs))
    }
    if (why === 'closing') desk.refuse(arrival, new FST_NSP_CLOSING())
    walk.stop(leave)
  }
  function go(step: () => void): void {
    step()
    if (walk.isOver || walk.isParked) return
    // Its end has been told already.
    if (!desk.socket.connected) giveUp('gone')
    else wait = desk.waits.begin(timeoutMs && Math.max(1, endsAt - performance.now()), giveUp)
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
export function passToListeners(desk: Desk, arrival: Arrival, isDefined: boolean): void {
  const { socket, handlerTimeoutMs } = desk
  const { name, ack } = arrival
  const isListenedFor = socket.listenerCount(name) > (name === 'error' ? OWN_ERROR_LISTENERS : 0)
  if (!isListenedFor && anyListenersOf(socket).length === 0) {
    desk.refuseUnknown(arrival)
    return
  }
  arrival.passOn()
  if (!ack || ack.isSent) return
  const isUnknown = !isListenedFor && isDefined
  if (!isUnknown && handlerTimeoutMs === 0) return
  if (!isListenedFor) answerUnknown(desk, arrival, ack, isDefined)
  else {
    expectAck(desk, ack, (why) => {
      if (why !== 'late') return
      const what = `A listener of ${name.slice(0, 100)}, until an ack,`
      desk.refuse(arrival, new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', handlerTimeoutMs))
    })
  }
}

/** Those who listen for any event have heard of it. */
function answerUnknown(desk: Desk, arrival: Arrival, ack: Ack, isDefined: boolean): void {
  const refuse = () => desk.refuseUnknown(arrival)
  if (isDefined && !ack.pending) {
    refuse()
    return
  }
  const wait = expectAck(desk, ack, (why) => {
    if (why !== 'gone') refuse()
  })
  if (isDefined && ack.pending) void Promise.allSettled(ack.pending).then(() => wait.giveUp('late'))
}

function expectAck(desk: Desk, ack: Ack, giveUp: (why: Why) => void): Wait {
  const wait = desk.waits.begin(desk.handlerTimeoutMs, giveUp)
  ack.whenSent = () => void wait.end()
  return wait
}
