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

// On the wire: what a client is told, as a response to the handshake or as a connect_error.
export const FST_NSP_ORIGIN_FORBIDDEN = createError<[origin: string]>(
  'FST_NSP_ORIGIN_FORBIDDEN',
  'The origin %s may not connect',
  403,
)
export const FST_NSP_NAMESPACE_UNKNOWN = createError('FST_NSP_NAMESPACE_UNKNOWN', 'Invalid namespace', 404)
export const FST_NSP_CLOSING = createError('FST_NSP_CLOSING', 'The server is closing', 503)
export const FST_NSP_INTERNAL = createError('FST_NSP_INTERNAL', 'Internal error', 500)

/** What a client is told of an error. */
export interface WireError {
  readonly code: string
  readonly statusCode: number
  readonly message: string
}

/**
 * The one road from anything thrown to the wire: a coded 4xx error, or our own 503, as it is; all the rest
 * (no code, no status, any other 5xx, not an Error at all) becomes FST_NSP_INTERNAL and loses its text.
 */
export function toWireError(thrown: unknown): WireError {
  const { code, statusCode, message } = Object(thrown) as Partial<WireError>
  const isTellable = typeof code === 'string' && typeof statusCode === 'number' && typeof message === 'string'
  if (isTellable && ((statusCode >= 400 && statusCode < 500) || thrown instanceof FST_NSP_CLOSING)) {
    return { code, statusCode, message }
  }
  const internal = new FST_NSP_INTERNAL()
  return { code: internal.code, statusCode: 500, message: internal.message }
}
