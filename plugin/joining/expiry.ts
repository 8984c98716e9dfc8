import { inspect } from 'node:util'
import type { FastifyInstance, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { FST_NSP_EXPIRY_INVALID, FST_NSP_IDENTITY_EXPIRED } from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'

/*
 * How long an identity is good for. It is asked when a socket is admitted, at the end of its request, so that one who is
 * too late is refused like any other; and again whenever the socket is authenticated again.
 */

// In milliseconds since the epoch, on the request of a connect; none is for ever.
const EXPIRY = Symbol('expiry')
interface Mortal {
  [EXPIRY]?: number
}

// A timer that is to wait longer than this rings at once.
const LONGEST_TIMER_MS = 2_147_483_647

/** What a definition has of it. */
interface Expiring {
  readonly expiresAt?: ((this: FastifyInstance, request: FastifyRequest) => unknown) | undefined
}

/**
 * Makes the last hook of a connect route: it keeps until when the request's identity is good.
 * in: the definition, whose `expiresAt` stands in for the `exp` of a JWT, the instance, and the clock.
 * throws FST_NSP_IDENTITY_EXPIRED, FST_NSP_EXPIRY_INVALID, and whatever `expiresAt` throws: they refuse the connect.
 */
export function createExpiryHook({ expiresAt }: Expiring, instance: FastifyInstance, now: () => number) {
  return (request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction): void => {
    const at = toTime(expiresAt ? expiresAt.call(instance, request) : expiryOfToken(request))
    if (at <= now()) throw new FST_NSP_IDENTITY_EXPIRED()
    if (at !== Number.POSITIVE_INFINITY) Object.assign(request, { [EXPIRY]: at })
    done()
  }
}

/** Until when the identity of an admitted request is good: milliseconds since the epoch, Infinity for ever. */
export function expiryOf(request: FastifyRequest): number {
  return (request as Mortal)[EXPIRY] ?? Number.POSITIVE_INFINITY
}

/** Calls `ring`, later, when the clock has reached a time. Keeps no process alive. Returns its cancellation. */
export function setAlarm(at: number, now: () => number, ring: () => void): () => void {
  if (at === Number.POSITIVE_INFINITY) return () => {}
  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(look, Math.min(at - now(), LONGEST_TIMER_MS)).unref()
  }
  // A timer has its own clock, which may be a little ahead of this one.
  const look = () => (now() >= at ? ring() : wait())
  wait()
  return () => clearTimeout(timer)
}

/** That of a verified JWT, as its plugins leave it in the request; it counts in seconds. */
function expiryOfToken({ user }: FastifyRequest & { user?: unknown }): number | undefined {
  const { exp } = Object(user) as { exp?: unknown }
  return typeof exp === 'number' ? exp * 1_000 : undefined
}

function toTime(value: unknown): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  const time = value instanceof Date ? value.getTime() : value
  if (typeof time === 'number' && Number.isFinite(time)) return time
  // It may reject: nobody waits for it.
  if (isThenable(value)) value.then(undefined, () => {})
  throw new FST_NSP_EXPIRY_INVALID(inspect(value, { depth: -1 }))
}
