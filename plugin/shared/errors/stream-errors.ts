import createError from '@fastify/error'

/*
 * The errors of streams, which clients receive in an ack.
 */

export const FST_NSP_STREAM_INVALID = createError<[event: string, problem: string]>(
  'FST_NSP_STREAM_INVALID',
  'The stream %s could not be opened: %s',
  400,
)
export const FST_NSP_STREAMS_LIMIT = createError<[limit: number]>(
  'FST_NSP_STREAMS_LIMIT',
  'A socket may have %s streams at most (limits.streamsPerSocket)',
  429,
)
export const FST_NSP_STREAM_CANCELLED = createError(
  'FST_NSP_STREAM_CANCELLED',
  'The client has cancelled the stream',
  499,
)
export const FST_NSP_STREAM_UNREAD = createError<[event: string, milliseconds: number]>(
  'FST_NSP_STREAM_UNREAD',
  'The client was not ready for the next item of %s within readTimeoutMs (%s ms)',
  408,
)
export const FST_NSP_ITEM_INVALID = createError('FST_NSP_ITEM_INVALID', 'An item of the stream could not be sent', 500)
