import { inspect } from 'node:util'
import type { FastifyInstance, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { FST_NSP_EXPIRY_INVALID, FST_NSP_IDENTITY_EXPIRED } from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'

/*
 * When an identity expires. Read at the end of the connect request, so that an expired identity is refused like any other,
 * and again whenever the socket authenticates again.
 */

// Milliseconds since the epoch, on the request of a connect. Absent: it never expires.
const EXPIRY = Symbol('expiry')
interface ExpiringRequest {
  [EXPIRY]?: number
}

// setTimeout fires at once for a longer delay.
const LONGEST_TIMER_MS = 2_147_483_647

/** The definition's part of it. */
interface ExpirySource {
  readonly expiresAt?: ((this: FastifyInstance, request: FastifyRequest) => unknown) | undefined
}

/**
 * Makes the last hook of a connect route. It stores on the request when its identity expires.
 *
 * @param definition - its `expiresAt` replaces the `exp` of a JWT
 * @param instance - `this` of `expiresAt`
 * @param now - the clock
 * @throws FST_NSP_IDENTITY_EXPIRED, FST_NSP_EXPIRY_INVALID, or what `expiresAt` throws (in the hook): the connect is refused
 */
export function createExpiryHook({ expiresAt }: ExpirySource, instance: FastifyInstance, now: () => number) {
  return (request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction): void => {
    const at = toTime(expiresAt ? expiresAt.call(instance, request) : expiryOfToken(request))
    if (at <= now()) throw new FST_NSP_IDENTITY_EXPIRED()
    if (at !== Number.POSITIVE_INFINITY) Object.assign(request, { [EXPIRY]: at })
    done()
  }
}

/** When the identity of an admitted request expires: milliseconds since the epoch, Infinity for never. */
export function expiryOf(request: FastifyRequest): number {
  return (request as ExpiringRequest)[EXPIRY] ?? Number.POSITIVE_INFINITY
}

/** Calls `callback` once the clock has reached `at`, never synchronously. Its timer is unref'd. Returns a function that cancels. */
export function scheduleAt(at: number, now: () => number, callback: () => void): () => void {
  if (at === Number.POSITIVE_INFINITY) return () => {}
  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(look, Math.min(at - now(), LONGEST_TIMER_MS)).unref()
  }
  // Timers run on another clock, which may be slightly ahead of this one.
  const look = () => (now() >= at ? callback() : wait())
  wait()
  return () => clearTimeout(timer)
}

/** The `exp` of a verified JWT, in seconds, as JWT plugins put it on `request.user`. */
function expiryOfToken({ user }: FastifyRequest & { user?: unknown }): number | undefined {
  const { exp } = Object(user) as { exp?: unknown }
  return typeof exp === 'number' ? exp * 1_000 : undefined
}

function toTime(value: unknown): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  const time = value instanceof Date ? value.getTime() : value
  if (typeof time === 'number' && Number.isFinite(time)) return time
  // A promise may reject, and nothing awaits it.
  if (isThenable(value)) value.then(undefined, () => {})
  throw new FST_NSP_EXPIRY_INVALID(inspect(value, { depth: -1 }))
}
