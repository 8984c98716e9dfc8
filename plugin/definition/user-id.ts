import { inspect } from 'node:util'
import type { FastifyRequest } from 'fastify'
import { FST_NSP_USER_ID_INVALID } from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'

/*
 * Converts the id of a user to a string, so that two different users never get the same one.
 */

/** The id of a user. An object may be an ObjectId of MongoDB; at run time, any object with its own `toString()` is accepted. */
export type UserId = string | number | bigint | { toHexString(): string }

/**
 * Converts an id to a string.
 *
 * @returns undefined for a socket without a user
 * @throws FST_NSP_USER_ID_INVALID unless the id is a string, a finite number, a bigint, or an object with its own `toString()`
 */
export function toUserId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value)) return String(value)
  // Nothing else handles a rejection of this promise.
  if (isThenable(value)) value.then(undefined, () => {})
  else if (hasText(value)) return String(value)
  throw new FST_NSP_USER_ID_INVALID(inspect(value, { depth: -1 }))
}

/** Whether an object has its own `toString()`: an ObjectId of MongoDB has, an array of objects has not. */
function hasText(value: unknown): boolean {
  if (typeof value !== 'object' || typeof Object(value).toString !== 'function') return false
  return !String(value).includes('[object ')
}

/** The default of `userIdOf`. */
export function userIdOfRequest({ user }: FastifyRequest & { user?: unknown }): unknown {
  const { id, sub } = Object(user) as { id?: unknown; sub?: unknown }
  return id ?? sub
}
