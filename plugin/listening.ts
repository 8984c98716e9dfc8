import type { Ack } from './ack.js'
import type { Arrival } from './arrival.js'
import type { Desk } from './desk.js'
import { FST_NSP_CLOSING, FST_NSP_EVENT_UNKNOWN, FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL } from './errors.js'
import { type Middleware, MiddlewareWalk } from './middlewares.js'
import type { Wait, Why } from './waits.js'

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
}

/** Takes an event through the middlewares, for `timeoutMs` at most; one that they refuse, or keep, is answered. */
export function walkMiddlewares(
  desk: Desk,
  arrival: Arrival,
  middlewares: readonly Middleware[],
  timeoutMs: number,
  { passed, left }: WalkEnds,
): void {
  let wait: Wait | undefined
  const walk = new MiddlewareWalk(desk.socket, arrival.event, middlewares, {
    passed() {
      wait?.end()
      arrival.reread()
      passed()
    },
    refused(error, isThrown) {
      wait?.end()
      desk.refuseByMiddleware(arrival, error, isThrown)
      arrival.passOn(error instanceof Error ? error : new FST_NSP_INTERNAL())
      left()
    },
    failedLate: (error) => void desk.report(error, 'middleware', arrival.name),
  })
  walk.begin()
  if (walk.isOver) return
  wait = desk.waits.begin(timeoutMs, (why) => {
    if (why === 'late') desk.refuse(arrival, new FST_NSP_HANDLER_TIMEOUT())
    if (why === 'closing') desk.refuse(arrival, new FST_NSP_CLOSING())
    walk.stop(left)
  })
}

/**
 * Hands an event on to whoever listens for it, or for any. One that nobody listens for, or answers, is answered.
 * `isDefined`: the namespace has a definition; in another one, a listener of any event may be the whole application.
 */
export function passToListeners(desk: Desk, arrival: Arrival, isDefined: boolean): void {
  const { socket, handlerTimeoutMs } = desk
  const { name, ack } = arrival
  const isListenedFor = socket.listenerCount(name) > (name === 'error' ? OWN_ERROR_LISTENERS : 0)
  if (!isListenedFor && socket.listenersAny().length === 0) {
    desk.refuse(arrival, new FST_NSP_EVENT_UNKNOWN())
    return
  }
  arrival.passOn()
  if (!ack || ack.isSent) return
  const isUnknown = !isListenedFor && isDefined
  if (!isUnknown && handlerTimeoutMs === 0) return
  if (!isListenedFor) answerUnknown(desk, arrival, ack, isDefined)
  else {
    expectAck(desk, ack, (why) => {
      if (why === 'late') desk.refuse(arrival, new FST_NSP_HANDLER_TIMEOUT())
    })
  }
}

/** Those who listen for any event have heard of it. */
function answerUnknown(desk: Desk, arrival: Arrival, ack: Ack, isDefined: boolean): void {
  const refuse = () => desk.refuse(arrival, new FST_NSP_EVENT_UNKNOWN())
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
