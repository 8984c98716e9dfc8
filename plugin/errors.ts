import createError from '@fastify/error'

/*
 * Every error of the house. A code is born here and nowhere else; docs/errors.md says its cause and its fix, and a test
 * compares the two both ways. The first line of a message names the place, the second what to do about it.
 */

// At boot: thrown by register() and app.namespace(), so that nothing starts on a wrong word.
export const FST_NSP_OPTIONS_INVALID = createError<[path: string, problem: string]>(
  'FST_NSP_OPTIONS_INVALID',
  'Option %s %s',
  500,
  TypeError,
)
export const FST_NSP_NAME_INVALID = createError<[name: string, problem: string]>(
  'FST_NSP_NAME_INVALID',
  'The namespace name %s %s',
  500,
  TypeError,
)
export const FST_NSP_DEFINITION_INVALID = createError<[path: string, problem: string]>(
  'FST_NSP_DEFINITION_INVALID',
  'Definition %s %s',
  500,
  TypeError,
)
export const FST_NSP_NAMESPACE_DUPLICATE = createError<[name: string]>(
  'FST_NSP_NAMESPACE_DUPLICATE',
  'The namespace %s is declared twice: give one of them another name, or declare it under another prefix',
  500,
)
export const FST_NSP_DEFINITION_UNKNOWN = createError<[what: string]>(
  'FST_NSP_DEFINITION_UNKNOWN',
  'The definition %s is not declared: declare it in `namespaces` or with app.namespace(), and hand over the same object, or its whole name',
  500,
)
export const FST_NSP_DEFINITION_AMBIGUOUS = createError<[one: string, other: string]>(
  'FST_NSP_DEFINITION_AMBIGUOUS',
  'The definition is declared as %s and as %s: hand over the name of the one that is meant',
  500,
)
export const FST_NSP_ALREADY_READY = createError<[name: string]>(
  'FST_NSP_ALREADY_READY',
  'The namespace %s is declared after the instance is ready: declare it before listen(), ready() or inject(), as a route',
  500,
)
export const FST_NSP_ALREADY_REGISTERED = createError(
  'FST_NSP_ALREADY_REGISTERED',
  'fastify-namespaces is registered already for this context: register it once, and declare further namespaces with app.namespace()',
  500,
)
export const FST_NSP_IO_PRESENT = createError(
  'FST_NSP_IO_PRESENT',
  'The instance is decorated with an `io` already: remove the other Socket.IO plugin and hand its options to fastify-namespaces as `io`',
  500,
)
export const FST_NSP_HTTP2_ONLY = createError(
  'FST_NSP_HTTP2_ONLY',
  'Socket.IO needs HTTP/1.1 and this instance speaks only HTTP/2: create it with https: { allowHTTP1: true }',
  500,
)
export const FST_NSP_REQUEST_MISSING = createError(
  'FST_NSP_REQUEST_MISSING',
  'The socket has no Fastify request: only sockets that came in through a server with fastify-namespaces have one',
  500,
)

export const FST_NSP_HOOK_INVALID = createError<[name: string, problem: string]>(
  'FST_NSP_HOOK_INVALID',
  'The hook %s %s',
  500,
  TypeError,
)

// On the server, while it runs: thrown at the line that made the mistake.
export const FST_NSP_PARAMS_INVALID = createError<[name: string, problem: string]>(
  'FST_NSP_PARAMS_INVALID',
  'The params of %s %s',
  500,
  TypeError,
)
export const FST_NSP_EMIT_UNKNOWN = createError<[event: string, namespace: string]>(
  'FST_NSP_EMIT_UNKNOWN',
  'The emit %s is not declared in the definition of %s: add it to `emits`',
  500,
)
export const FST_NSP_EMIT_INVALID = createError<[event: string, namespace: string, details: string]>(
  'FST_NSP_EMIT_INVALID',
  'The payload of the emit %s of %s does not fit its schema: %s',
  500,
)
export const FST_NSP_ERROR_UNDECLARED = createError<[code: string, event: string]>(
  'FST_NSP_ERROR_UNDECLARED',
  'The error %s is not declared by the event %s: add it to its `errors`',
  500,
)
export const FST_NSP_ANSWER_INVALID = createError<[event: string, details: string]>(
  'FST_NSP_ANSWER_INVALID',
  "A client's answer to the emit %s does not fit its schema: %s",
  502,
)
export const FST_NSP_ANSWER_TIMEOUT = createError<[event: string]>(
  'FST_NSP_ANSWER_TIMEOUT',
  'The client has not answered the emit %s in time',
  504,
)
export const FST_NSP_ROOMS_LIMIT = createError<[limit: number]>(
  'FST_NSP_ROOMS_LIMIT',
  'A socket may be in %s rooms at most',
  429,
)
export const FST_NSP_EXPIRY_INVALID = createError<[value: string]>(
  'FST_NSP_EXPIRY_INVALID',
  'expiresAt gives a Date, milliseconds since the epoch, or undefined for ever: got %s',
  500,
)
export const FST_NSP_SOCKET_GONE = createError('FST_NSP_SOCKET_GONE', 'The socket has disconnected meanwhile', 410)

// In tests: thrown by app.injectSocket() and by the clients that it makes.
export const FST_NSP_CLIENT_MISSING = createError(
  'FST_NSP_CLIENT_MISSING',
  'injectSocket() needs the stock client, which is not installed: npm install --save-dev socket.io-client',
  500,
)
export const FST_NSP_CLIENT_DISCONNECTED = createError<[address: string, reason: string, name: string]>(
  'FST_NSP_CLIENT_DISCONNECTED',
  'The client of %s has disconnected (%s): no more %s will come',
  500,
)

// On the wire: what a client is told, as a response to the handshake, a connect_error or an ack.
export const FST_NSP_ORIGIN_FORBIDDEN = createError<[origin: string]>(
  'FST_NSP_ORIGIN_FORBIDDEN',
  'The origin %s may not connect',
  403,
)
export const FST_NSP_NAMESPACE_UNKNOWN = createError('FST_NSP_NAMESPACE_UNKNOWN', 'Invalid namespace', 404)
export const FST_NSP_CONNECTIONS_LIMIT = createError('FST_NSP_CONNECTIONS_LIMIT', 'Too many connections', 503)
export const FST_NSP_NAMESPACES_LIMIT = createError<[limit: number]>(
  'FST_NSP_NAMESPACES_LIMIT',
  'A connection may join %s namespaces at most',
  429,
)
export const FST_NSP_CHILDREN_LIMIT = createError('FST_NSP_CHILDREN_LIMIT', 'Too many namespaces are open', 503)
export const FST_NSP_CONNECT_INVALID = createError(
  'FST_NSP_CONNECT_INVALID',
  'The connect does not fit its schema',
  400,
)
export const FST_NSP_ADMISSION_TIMEOUT = createError('FST_NSP_ADMISSION_TIMEOUT', 'The admission took too long', 503)
export const FST_NSP_IDENTITY_EXPIRED = createError('FST_NSP_IDENTITY_EXPIRED', 'The identity has expired', 401)
export const FST_NSP_USER_DISCONNECTED = createError('FST_NSP_USER_DISCONNECTED', 'The user was disconnected', 403)
export const FST_NSP_EVENT_MALFORMED = createError<[problem: string]>('FST_NSP_EVENT_MALFORMED', 'The packet %s', 400)
export const FST_NSP_PAYLOAD_TOO_LARGE = createError<[limit: number]>(
  'FST_NSP_PAYLOAD_TOO_LARGE',
  'A packet may have %s bytes at most',
  413,
)
export const FST_NSP_EVENT_UNKNOWN = createError('FST_NSP_EVENT_UNKNOWN', 'Unknown event', 404)
export const FST_NSP_EVENT_INVALID = createError('FST_NSP_EVENT_INVALID', 'The payload does not fit its schema', 400)
export const FST_NSP_RATE_LIMITED = createError('FST_NSP_RATE_LIMITED', 'Too many events', 429)
export const FST_NSP_IN_FLIGHT_LIMIT = createError('FST_NSP_IN_FLIGHT_LIMIT', 'Too many events at a time', 429)
export const FST_NSP_QUEUE_FULL = createError('FST_NSP_QUEUE_FULL', 'Too many events are waiting', 429)
export const FST_NSP_REFUSED = createError('FST_NSP_REFUSED', 'Refused', 403)
export const FST_NSP_HANDLER_TIMEOUT = createError('FST_NSP_HANDLER_TIMEOUT', 'The handler took too long', 503)
export const FST_NSP_REPLY_INVALID = createError('FST_NSP_REPLY_INVALID', 'The reply could not be sent', 500)
export const FST_NSP_CLOSING = createError('FST_NSP_CLOSING', 'The server is closing', 503)
export const FST_NSP_INTERNAL = createError('FST_NSP_INTERNAL', 'Internal error', 500)

// Our own 5xx: their texts are the ones above, so they may be told.
const TELLABLE = [
  FST_NSP_ADMISSION_TIMEOUT,
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_HANDLER_TIMEOUT,
  FST_NSP_INTERNAL,
  FST_NSP_REPLY_INVALID,
]

/** What a client is told of an error. */
export interface WireError {
  readonly code: string
  readonly statusCode: number
  readonly message: string
  /** What is wrong where, by JSON pointer, for an invalid payload; the data of a declared error; the id in the log. */
  readonly details?: unknown
}

/** An error that a definition declares: its code, status and data are part of the contract, and reach the client. */
export class DeclaredError extends Error {
  readonly code: string
  readonly statusCode: number = 400
  readonly details: unknown

  constructor(code: string, details: unknown) {
    super(code)
    this.code = code
    this.details = details
  }
}

/** A refused connect: what its client is told. */
export class ConnectRefusal extends Error {
  readonly code: string
  readonly told: WireError

  constructor(told: WireError) {
    super(told.message)
    this.code = told.code
    this.told = told
  }
}

/**
 * The one road from anything thrown to the wire: a 4xx error as it is (without a code of its own: FST_NSP_REFUSED), and
 * our own 5xx; all the rest (no status, any other 5xx, not an Error at all) becomes FST_NSP_INTERNAL and loses its text.
 */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof ConnectRefusal) return thrown.told
  const { code, statusCode, message, details } = Object(thrown) as Partial<WireError>
  const isRefusal = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  const isTellable = isRefusal || TELLABLE.some((Tellable) => thrown instanceof Tellable)
  if (!isTellable || typeof message !== 'string') return toWireError(new FST_NSP_INTERNAL())
  return {
    code: typeof code === 'string' ? code : 'FST_NSP_REFUSED',
    statusCode: statusCode as number,
    message,
    ...(details !== undefined && { details }),
  }
}
