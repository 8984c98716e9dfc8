import createError from '@fastify/error'

/*
 * The errors of declared rooms, which clients receive in an ack.
 */

export const FST_NSP_ROOM_UNKNOWN = createError<[namespace: string, help: string]>(
  'FST_NSP_ROOM_UNKNOWN',
  'Unknown room of %s: %s',
  404,
)
export const FST_NSP_ROOM_PARAMS_INVALID = createError<[pattern: string]>(
  'FST_NSP_ROOM_PARAMS_INVALID',
  'The params of the room %s do not fit their schema',
  400,
)
