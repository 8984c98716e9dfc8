import createError, { FastifyError } from '@fastify/error'

/*
 * The errors of the plugin, without those of brokers (broker-errors.ts), the console (console/console-errors.ts), and idempotency,
 * outboxes, rooms, streams and tests (errors/). Codes are defined only in these files. docs/errors.md has the cause and the fix of each,
 * and a test compares both. A message names the place, then the problem, then the remedy.
 */

/** Creates the error class for a wrong value in the user's code. The message has the place and the problem. */
function createRefused(code: string, message: string) {
  return createError<[place: string, problem: string]>(code, message, 500, TypeError)
}

// At boot, thrown by register(), app.namespace() and app.addNamespaceHook().
export const FST_NSP_OPTIONS_INVALID = createRefused('FST_NSP_OPTIONS_INVALID', 'Option %s %s')
export const FST_NSP_NAME_INVALID = createRefused('FST_NSP_NAME_INVALID', 'The namespace name %s %s')
export const FST_NSP_DEFINITION_INVALID = createRefused('FST_NSP_DEFINITION_INVALID', 'Definition %s %s')
export const FST_NSP_NAMESPACE_DUPLICATE = createError<[name: string]>(
  'FST_NSP_NAMESPACE_DUPLICATE',
  'The namespace %s is declared twice: give one of them another name, or declare it under another prefix',
  500,
)
export const FST_NSP_DEFINITION_UNKNOWN = createError<[what: string, remedy: string]>(
  'FST_NSP_DEFINITION_UNKNOWN',
  'The definition %s is not declared: %s',
  500,
)
export const FST_NSP_DEFINITION_AMBIGUOUS = createError<[one: string, other: string]>(
  'FST_NSP_DEFINITION_AMBIGUOUS',
  'The definition is declared as %s and as %s: pass the name instead',
  500,
)
export const FST_NSP_ALREADY_READY = createError<[name: string]>(
  'FST_NSP_ALREADY_READY',
  'The namespace %s is declared after the instance is ready: declare it before listen(), ready() or inject(), like a route',
  500,
)
export const FST_NSP_ALREADY_REGISTERED = createError(
  'FST_NSP_ALREADY_REGISTERED',
  'fastify-namespaces is already registered for this context: register it once, and declare further namespaces with app.namespace()',
  500,
)
export const FST_NSP_IO_PRESENT = createError(
  'FST_NSP_IO_PRESENT',
  'The instance already has an `io` decorator: remove the other Socket.IO plugin and pass its options to fastify-namespaces as `io`',
  500,
)
export const FST_NSP_HTTP2_ONLY = createError(
  'FST_NSP_HTTP2_ONLY',
  'Socket.IO needs HTTP/1.1, and this instance speaks only HTTP/2: create it with https: { allowHTTP1: true }',
  500,
)
export const FST_NSP_REQUEST_MISSING = createError(
  'FST_NSP_REQUEST_MISSING',
  'The socket has no Fastify request: only sockets that connected through a server with fastify-namespaces have one',
  500,
)

// Never thrown: its code and message are those of a line in the log, at boot.
export const FST_NSP_FAST_UNAVAILABLE = createError<[difference: string]>(
  'FST_NSP_FAST_UNAVAILABLE',
  'The fast path is off, and everything else works: with the installed socket.io and engine.io its self-test failed (%s). Please report this, with their versions',
  500,
)

export const FST_NSP_HOOK_LATE = createError<[name: string]>(
  'FST_NSP_HOOK_LATE',
  'The hook %s is added after the instance is ready: call addNamespaceHook() before listen(), ready() or inject(), like addHook()',
  500,
)
export const FST_NSP_HOOK_INVALID = createRefused('FST_NSP_HOOK_INVALID', 'The hook %s %s')

// At run time, thrown by the call that made the mistake.
export const FST_NSP_PARAMS_INVALID = createRefused('FST_NSP_PARAMS_INVALID', 'The params of %s %s')
export const FST_NSP_EMIT_UNKNOWN = createError<[event: string, namespace: string, suggestion: string]>(
  'FST_NSP_EMIT_UNKNOWN',
  'The emit %s is not declared in the definition of %s: %sadd it to `emits`',
  500,
)
export const FST_NSP_EMIT_INVALID = createError<[event: string, namespace: string, details: string]>(
  'FST_NSP_EMIT_INVALID',
  'The payload of the emit %s of %s does not fit its schema: %s. Emit what the schema declares, or change the schema',
  500,
)
export const FST_NSP_RELAY_INVALID = createRefused('FST_NSP_RELAY_INVALID', 'The relay of %s is broken: %s')
export const FST_NSP_ERROR_UNDECLARED = createError<[code: string, event: string, suggestion: string]>(
  'FST_NSP_ERROR_UNDECLARED',
  'The error %s is not declared by the event %s: %sadd it to its `errors`',
  500,
)
export const FST_NSP_ANSWER_INVALID = createError<[event: string, details: string]>(
  'FST_NSP_ANSWER_INVALID',
  "A client's answer to the emit %s does not fit its schema: %s. Check the client, or the emit's `reply`",
  502,
)
export const FST_NSP_ANSWER_TIMEOUT = createError<[event: string]>(
  'FST_NSP_ANSWER_TIMEOUT',
  'The client did not answer the emit %s in time: handle this error, or call ask() with a longer timeoutMs',
  504,
)
export const FST_NSP_EVENT_DECLARED = createError<[event: string, namespace: string]>(
  'FST_NSP_EVENT_DECLARED',
  'The event %s is declared in the definition of %s: its listener would never be called. Handle it in the definition, or remove it from `events`',
  500,
)
export const FST_NSP_ROOMS_LIMIT = createError<[limit: number]>(
  'FST_NSP_ROOMS_LIMIT',
  'A socket may be in %s rooms at most: leave some, or raise limits.roomsPerSocket',
  429,
)
export const FST_NSP_EXPIRY_INVALID = createError<[value: string]>(
  'FST_NSP_EXPIRY_INVALID',
  'expiresAt must return a Date, milliseconds since the epoch, or undefined for no expiry: got %s',
  500,
)
export const FST_NSP_USER_ID_INVALID = createError<[value: string]>(
  'FST_NSP_USER_ID_INVALID',
  "A user's id must be a string, a number, a bigint, or an object with its own toString(): got %s",
  500,
)
export const FST_NSP_SOCKET_GONE = createError('FST_NSP_SOCKET_GONE', 'The socket has disconnected', 410)

// Received by clients: in the response to a handshake, in a connect_error or in an ack.
export const FST_NSP_ORIGIN_FORBIDDEN = createError<[origin: string]>(
  'FST_NSP_ORIGIN_FORBIDDEN',
  'The origin %s may not connect',
  403,
)
export const FST_NSP_NAMESPACE_UNKNOWN = createError('FST_NSP_NAMESPACE_UNKNOWN', 'Invalid namespace', 404)
export const FST_NSP_CONNECTIONS_LIMIT = createError('FST_NSP_CONNECTIONS_LIMIT', 'Too many connections', 503)
export const FST_NSP_NAMESPACES_LIMIT = createError<[limit: number]>(
  'FST_NSP_NAMESPACES_LIMIT',
  'A connection may join %s namespaces at most (limits.namespacesPerConnection)',
  429,
)
export const FST_NSP_CHILDREN_LIMIT = createError('FST_NSP_CHILDREN_LIMIT', 'Too many namespaces are open', 503)
export const FST_NSP_CONNECT_INVALID = createError(
  'FST_NSP_CONNECT_INVALID',
  'The connect does not fit its schema',
  400,
)
export const FST_NSP_CONTRACT_MISMATCH = createError(
  'FST_NSP_CONTRACT_MISMATCH',
  'The client was built with another contract: reload or update it',
  409,
)
export const FST_NSP_ADMISSION_TIMEOUT = createError('FST_NSP_ADMISSION_TIMEOUT', 'The admission took too long', 503)
export const FST_NSP_IDENTITY_EXPIRED = createError('FST_NSP_IDENTITY_EXPIRED', 'The identity has expired', 401)
export const FST_NSP_USER_DISCONNECTED = createError('FST_NSP_USER_DISCONNECTED', 'The user was disconnected', 403)
export const FST_NSP_EVENT_MALFORMED = createError<[problem: string]>('FST_NSP_EVENT_MALFORMED', 'The packet %s', 400)
export const FST_NSP_PAYLOAD_TOO_LARGE = createError<[limit: number]>(
  'FST_NSP_PAYLOAD_TOO_LARGE',
  'A packet may have %s bytes at most (limits.payloadBytes)',
  413,
)
export const FST_NSP_EVENT_UNKNOWN = createError<[event: string, namespace: string, help: string]>(
  'FST_NSP_EVENT_UNKNOWN',
  'Unknown event %s of %s: %s',
  404,
)
export const FST_NSP_EVENT_INVALID = createError('FST_NSP_EVENT_INVALID', 'The payload does not fit its schema', 400)
export const FST_NSP_ROOM_FOREIGN = createError<[event: string]>(
  'FST_NSP_ROOM_FOREIGN',
  'The event %s goes only to rooms that its sender is in (relay.membersOnly)',
  403,
)
export const FST_NSP_RATE_LIMITED = createError('FST_NSP_RATE_LIMITED', 'Too many events', 429)
export const FST_NSP_IN_FLIGHT_LIMIT = createError('FST_NSP_IN_FLIGHT_LIMIT', 'Too many events in flight', 429)
export const FST_NSP_QUEUE_FULL = createError('FST_NSP_QUEUE_FULL', 'Too many events are waiting', 429)
export const FST_NSP_REFUSED = createError('FST_NSP_REFUSED', 'Refused', 403)
export const FST_NSP_HANDLER_TIMEOUT = createError<[what: string, option: string, milliseconds: number]>(
  'FST_NSP_HANDLER_TIMEOUT',
  '%s took longer than %s (%s ms)',
  503,
)
export const FST_NSP_REPLY_INVALID = createError('FST_NSP_REPLY_INVALID', 'The reply could not be sent', 500)
export const FST_NSP_CLOSING = createError('FST_NSP_CLOSING', 'The server is closing', 503)
export const FST_NSP_INTERNAL = createError('FST_NSP_INTERNAL', 'Internal error', 500)

/** Whether an error was made by @fastify/error, by any installed copy of it. */
export function isCoded(error: unknown): boolean {
  return error instanceof FastifyError
}
