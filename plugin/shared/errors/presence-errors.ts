import createError from '@fastify/error'

/*
 * The errors of presence, thrown by the call that made the mistake.
 */

export const FST_NSP_PRESENCE_OFF = createError<[place: string]>(
  'FST_NSP_PRESENCE_OFF',
  '%s has no presence: add `presence` to its definition',
  500,
)
export const FST_NSP_META_INVALID = createError<[place: string, problem: string]>(
  'FST_NSP_META_INVALID',
  'A presence meta in %s %s',
  500,
  TypeError,
)
