import { inspect } from 'node:util'
import type { FastifyRequest } from 'fastify'
import { FST_NSP_USER_ID_INVALID } from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'

/*
 * The id of a user, as a text: two who are not the same must not have the same one.
 */

/** The id of a user. An object may be an ObjectId of MongoDB; at run time, any object with its own `toString()` is accepted. */
export type UserId = string | number | bigint | { toHexString(): string }

/**
 * out: undefined for nobody.
 * throws FST_NSP_USER_ID_INVALID for what is no string, no finite number, no bigint, and no object with a text of its own.
 */
export function toUserId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value)) return String(value)
  // It may reject: nobody waits for it.
  if (isThenable(value)) value.then(undefined, () => {})
  else if (hasText(value)) return String(value)
  throw new FST_NSP_USER_ID_INVALID(inspect(value, { depth: -1 }))
}

/** Whether it has a text of its own: an ObjectId of MongoDB has, a list of objects has not. */
function hasText(value: unknown): boolean {
  if (typeof value !== 'object' || typeof Object(value).toString !== 'function') return false
  return !String(value).includes('[object ')
}

/** The default of `userIdOf`. */
export function userIdOfRequest({ user }: FastifyRequest & { user?: unknown }): unknown {
  const { id, sub } = Object(user) as { id?: unknown; sub?: unknown }
  return id ?? sub
}
