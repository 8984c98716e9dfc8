import createError from '@fastify/error'

/*
 * The errors of emits that commit with a transaction.
 */

export const FST_NSP_OUTBOX_MISSING = createError(
  'FST_NSP_OUTBOX_MISSING',
  'emitIn() needs the option `outbox` of the plugin: outbox: createPostgresOutbox({ pool })',
  500,
)
export const FST_NSP_OUTBOX_INVALID = createError<[event: string, namespace: string, problem: string]>(
  'FST_NSP_OUTBOX_INVALID',
  'The emit %s of %s can not wait for a transaction: %s',
  500,
  TypeError,
)
export const FST_NSP_OUTBOX_UNREACHABLE = createError<[problem: string, option: string]>(
  'FST_NSP_OUTBOX_UNREACHABLE',
  'The outbox over PostgreSQL can not be used (%s): start it, or correct %s',
  500,
)
