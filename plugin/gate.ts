import type { FastifyBaseLogger } from 'fastify'
import type { Event, Socket } from 'socket.io'
import { Refusal } from './codec.js'
import type { ConnectionContext } from './context.js'
import type { Dispatch } from './dispatch.js'
import type { Drain } from './drain.js'
import {
  FST_NSP_CLOSING,
  FST_NSP_EVENT_UNKNOWN,
  FST_NSP_IN_FLIGHT_LIMIT,
  FST_NSP_QUEUE_FULL,
  FST_NSP_RATE_LIMITED,
} from './errors.js'
import { type Bucket, isWithin, type Limits } from './limits.js'
import type { SendAck } from './passage.js'
import { toWireError } from './wire-error.js'

/*
 * The one gate of a socket. `socket.use` sees every incoming event before any listener does: a declared event is
 * dispatched from here, one that the application listens for goes on to its listeners, and any other is answered.
 */

export interface GateOptions {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly limits: Limits
  /** What is left of the rate. */
  readonly bucket: Bucket
  readonly drain: Drain
  readonly isSequential: boolean
  readonly log: FastifyBaseLogger
}

export interface Gate {
  readonly isOpen: boolean
  /** Lets the events in, those that have waited first, in order. Without a context they are for plain listeners only. */
  open(connection?: ConnectionContext): void
  /** Drops what waits. */
  close(): void
}

/** An event at the gate. */
interface Arrival {
  readonly name: string
  readonly args: readonly unknown[]
  readonly sendAck: SendAck | undefined
  readonly next: (error?: Error) => void
}

/** Sets the gate of a socket; it is shut until `open()`. Call it before anything can be awaited, and before any listener. */
export function setGate(socket: Socket, { dispatches, limits, bucket, drain, isSequential, log }: GateOptions): Gate {
  const early: Arrival[] = []
  // What waits in a sequential namespace: first `turned`, from its end, then `queue`, from its start. An array's shift()
  // moves all that is left of a long one, and nothing bounds this one where `eventsWaiting` is 0.
  const queue: Arrival[] = []
  let turned: Arrival[] = []
  // Socket.IO listens for `error` itself, so that none is thrown; a client may send an event of that name.
  const errorListeners = socket.listenerCount('error')
  let connection: ConnectionContext | undefined
  let isOpen = false
  let inFlight = 0
  let isTurning = false
  const done = isSequential ? endTurn : end

  function refuse({ name, sendAck }: Arrival, error: Error): void {
    const { code } = error as { code?: string }
    log.debug({ namespace: socket.nsp.name, socketId: socket.id, event: name.slice(0, 100), code }, 'event refused')
    sendAck?.({ ok: false, error: toWireError(error) })
  }

  function arrive(arrival: Arrival): void {
    // Behind a leave in one chunk: Socket.IO would look only after its middlewares.
    if (!socket.connected) return
    const [first] = arrival.args
    const waitMs = bucket.take()
    if (waitMs > 0) refuse(arrival, Object.assign(new FST_NSP_RATE_LIMITED(), { details: { retryAfterMs: waitMs } }))
    else if (first instanceof Refusal) refuse(arrival, first.error)
    else if (isOpen) route(arrival)
    else if (isWithin(early.length + 1, limits.eventsWaiting)) early.push(arrival)
    else refuse(arrival, new FST_NSP_QUEUE_FULL())
  }

  function route(arrival: Arrival): void {
    const dispatch = dispatches.get(arrival.name)
    if (drain.isClosed) refuse(arrival, new FST_NSP_CLOSING())
    else if (!dispatch || !connection) passOn(arrival)
    else if (isSequential && inFlight > 0) {
      if (isWithin(queue.length + turned.length + 1, limits.eventsWaiting)) queue.push(arrival)
      else refuse(arrival, new FST_NSP_QUEUE_FULL())
    } else if (isWithin(inFlight + 1, limits.eventsInFlight)) run(dispatch, arrival, connection)
    else refuse(arrival, new FST_NSP_IN_FLIGHT_LIMIT())
  }

  function run(dispatch: Dispatch, { args, sendAck }: Arrival, to: ConnectionContext): void {
    inFlight++
    drain.enter()
    dispatch(to, args, sendAck, done)
  }

  function end(): void {
    inFlight--
    drain.leave()
  }

  /** One that ends at once comes back here from route(): it leaves the next to the loop, or the stack would overflow. */
  function endTurn(): void {
    end()
    if (isTurning) return
    isTurning = true
    while (inFlight === 0) {
      if (turned.length === 0) turned = queue.splice(0).reverse()
      const next = turned.pop()
      if (!next) break
      route(next)
    }
    isTurning = false
  }

  /** To the application's own middlewares and listeners. */
  function passOn(arrival: Arrival): void {
    const own = arrival.name === 'error' ? errorListeners : 0
    const isListenedFor = socket.listenerCount(arrival.name) > own || socket.listenersAny().length > 0
    if (isListenedFor) arrival.next()
    else refuse(arrival, new FST_NSP_EVENT_UNKNOWN())
  }

  socket.use((event: Event, next) => {
    const [name, ...args] = event
    const last = args.at(-1)
    const sendAck = typeof last === 'function' ? (last as SendAck) : undefined
    if (sendAck) args.pop()
    arrive({ name: String(name), args, sendAck, next })
  })

  return {
    get isOpen() {
      return isOpen
    },
    open(to) {
      connection = to
      isOpen = true
      // Not a copy: what a handler of one of them disconnects is closed, and the rest dropped.
      for (const arrival of early) route(arrival)
      early.length = 0
    },
    close() {
      early.length = 0
      queue.length = 0
      turned.length = 0
    },
  }
}
