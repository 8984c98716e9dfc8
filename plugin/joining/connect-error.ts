import { STATUS_CODES } from 'node:http'
import type { ConnectResponse } from '../engine/http/captured-response.js'
import { detailsOf, INTERNAL, statusOf, toWireError, type WireError } from '../shared/client-error.js'
import { FST_NSP_CONNECT_INVALID, FST_NSP_NAMESPACE_UNKNOWN, FST_NSP_REFUSED } from '../shared/errors.js'

/*
 * What a client is told of a connect that Fastify has answered with a no: one shape, whoever gave it. The words of a hook
 * or of an error handler are told as they are; an error passes toWireError, like any other.
 */

// Longer than this a plain text is a page, not a message.
const MESSAGE_LENGTH = 200

type Answered = Partial<Record<keyof WireError, unknown>>

/** What an answer that is no admission tells the client. It never throws, whatever was thrown or answered. */
export function refusalOf(answer: ConnectResponse): WireError {
  try {
    return read(answer)
  } catch {
    return withId(INTERNAL, answer)
  }
}

function read(answer: ConnectResponse): WireError {
  const { error, isWorded, isOfSending, isSendable, statusCode, body, log } = answer
  const answered = parse(body.toString())
  // An error as Fastify writes it.
  const isError = statusCode >= 400 && answered.statusCode === statusCode && typeof answered.message === 'string'
  if (error !== undefined && (!isWorded || (isError && answered.message === Object(error).message))) {
    // The status of the answer is of the words that could not be sent for it.
    const isFailure = statusOf(error) === undefined && (isOfSending || !isSendable)
    return withId(isFailure ? INTERNAL : toWireError(recastError(error, statusCode), log), answer)
  }
  if (isError) {
    if (isNotFound(answered)) return toWireError(new FST_NSP_NAMESPACE_UNKNOWN())
    // What has kept the words of an error handler from being sent, as Fastify writes it.
    const isFailure = error !== undefined && !isSendable
    return withId(isFailure ? INTERNAL : toWireError(answered, log), answer)
  }
  // A hook, or an error handler of the application, has chosen these words itself.
  const { message } = answered
  const code = typeof answered.code === 'string' ? answered.code : 'FST_NSP_REFUSED'
  const name = statusCode >= 400 ? (answer.statusMessage ?? STATUS_CODES[statusCode]) : undefined
  return {
    code,
    statusCode: statusCode >= 400 ? statusCode : 403,
    message: typeof message === 'string' ? message : (name ?? new FST_NSP_REFUSED().message),
    ...detailsOf(answered, code, log),
  }
}

/** Whether it is Fastify's own 404, of a hook that hides its namespace. */
function isNotFound({ statusCode, code, message }: Answered): boolean {
  return statusCode === 404 && code === undefined && String(message).startsWith('Route CONNECT:')
}

/** With the id under which the log has an error that is not told. */
function withId(told: WireError, { requestId }: ConnectResponse): WireError {
  return told.code === 'FST_NSP_INTERNAL' && requestId !== undefined ? { ...told, details: { id: requestId } } : told
}

/** An error as it was answered: its status may be the reply's, and Fastify's own validation has another shape. */
function recastError(thrown: unknown, statusCode: number): unknown {
  const { code, message, validation, validationContext: part } = Object(thrown)
  const isNamed = code !== 'FST_ERR_VALIDATION'
  if (part === undefined || (isNamed && !validation)) {
    return {
      code,
      message,
      statusCode,
      // Not read before it has to be: where that throws, the rest is told.
      get details(): unknown {
        return Object(thrown).details
      },
    }
  }
  const list: { instancePath?: string; message?: string }[] = validation ?? [{ message }]
  const mismatches = list.map((each) => ({ path: each.instancePath ?? '', message: each.message ?? 'is invalid' }))
  const invalid = invalidConnect(part === 'body' ? 'auth' : part, mismatches)
  // What Fastify makes of it, which speaks of a body; or what the application's own schemaErrorFormatter does.
  const isPlain =
    !validation || message === list.map((each) => `${part}${each.instancePath ?? ''} ${each.message}`).join(', ')
  return { ...invalid, ...(isNamed && { code }), message: isPlain ? invalid.message : message, statusCode }
}

function parse(body: string): Answered {
  try {
    return Object(JSON.parse(body.toString()))
  } catch {
    return { message: body.length > 0 && body.length <= MESSAGE_LENGTH ? body : undefined }
  }
}

/** The error of a part of the request that does not fit its schema; `path` is a JSON pointer into that part. */
export function invalidConnect(part: string, mismatches: readonly { path: string; message: string }[]): Error {
  const details = mismatches.map(({ path, message }) => ({ path: `/${part}${path}`, message }))
  return Object.assign(new FST_NSP_CONNECT_INVALID(), { details })
}
