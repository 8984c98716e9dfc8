/*
 * The two events and the emit that a definition with rooms has. Front ends describe their contracts with them, too: this file imports
 * nothing.
 */

/** Longest name of a room, in bytes: it is written in ASCII. */
const ROOM_BYTES = 256

export const ROOM_JOIN = 'room:join'
export const ROOM_LEAVE = 'room:leave'
export const ROOM_LEFT = 'room:left'

const MISMATCHES = {
  type: 'array',
  items: {
    type: 'object',
    properties: { path: { type: 'string' }, message: { type: 'string' } },
    required: ['path', 'message'],
  },
}

/** What is received when a socket had to leave. */
const LEFT = {
  type: 'object',
  properties: { room: { type: 'string' }, code: { type: 'string' } },
  required: ['room', 'code'],
}

/** The schemas and the prose of what a definition with these rooms has, by the names of the events and the emit. */
export function describeRoomEvents(patterns: Iterable<string>) {
  const list = [...patterns].map((pattern) => `\`${pattern}\``).join(', ')
  const payload = { type: 'string', minLength: 1, maxLength: ROOM_BYTES, description: `The name of a room: ${list}` }
  const unknown = { FST_NSP_ROOM_UNKNOWN: {} }
  return {
    [ROOM_JOIN]: {
      payload,
      errors: { ...unknown, FST_NSP_ROOM_PARAMS_INVALID: MISMATCHES, FST_NSP_ROOMS_LIMIT: {} },
      prose: { description: `Joins a room: ${list}. Joining twice joins once.` },
    },
    [ROOM_LEAVE]: {
      payload,
      errors: unknown,
      prose: { description: `Leaves a room: ${list}. Leaving a room that was not joined changes nothing.` },
    },
    [ROOM_LEFT]: {
      payload: LEFT,
      prose: { description: 'The socket had to leave a room, because its new identity may not be in it.' },
    },
  }
}
