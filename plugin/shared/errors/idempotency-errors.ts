import createError from '@fastify/error'

/*
 * The errors of idempotency: of keys, of claims, and of the stores.
 */

export const FST_NSP_KEY_INVALID = createError<[event: string, problem: string]>(
  'FST_NSP_KEY_INVALID',
  'The idempotency key of the event %s %s',
  500,
)
export const FST_NSP_KEY_REUSED = createError(
  'FST_NSP_KEY_REUSED',
  'The idempotency key was used for another payload: send this one with a key of its own',
  422,
)
export const FST_NSP_KEYS_LIMIT = createError('FST_NSP_KEYS_LIMIT', 'Too many events with a key are in flight', 503)
export const FST_NSP_CLAIM_LOST = createError(
  'FST_NSP_CLAIM_LOST',
  'The claim of the idempotency key is lost: its lease has ended, and another event may have claimed the key. See leaseMs',
  500,
)
export const FST_NSP_TRANSACTION_INVALID = createError<[problem: string]>(
  'FST_NSP_TRANSACTION_INVALID',
  'The transaction of an event %s',
  500,
)
export const FST_NSP_ACK_TOO_LARGE = createError(
  'FST_NSP_ACK_TOO_LARGE',
  'The event was handled, and its ack was too large to be kept for a retry',
  500,
)
export const FST_NSP_STORE_FAILED = createError<[event: string]>(
  'FST_NSP_STORE_FAILED',
  'The idempotency store of the event %s has failed: see `cause` of this error',
  503,
)
export const FST_NSP_STORE_UNREACHABLE = createError<[kind: string, problem: string, option: string]>(
  'FST_NSP_STORE_UNREACHABLE',
  'The idempotency store over %s can not be used (%s): start it, or correct %s',
  500,
)
