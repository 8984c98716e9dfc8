import { STATUS_CODES } from 'node:http'
import type { ConnectResponse } from '../engine/http/captured-response.js'
import { detailsOf, INTERNAL, statusOf, toWireError } from '../shared/client-error.js'
import { FST_NSP_CONNECT_INVALID, FST_NSP_NAMESPACE_UNKNOWN, FST_NSP_REFUSED } from '../shared/errors.js'
import type { WireError } from '../shared/wire-error.js'

/*
 * Turns a captured response that refuses a connect into the data of the CONNECT_ERROR packet. A payload that a hook or an
 * error handler chose is sent as it is; an error goes through toWireError.
 */

// Plain text longer than this is taken for a page.
const MESSAGE_LENGTH = 200

type Answered = Partial<Record<keyof WireError, unknown>>

/** Reads the client's error from a captured response. Never throws, whatever was thrown or sent. */
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
  // Fastify's own format of an error.
  const isError = statusCode >= 400 && answered.statusCode === statusCode && typeof answered.message === 'string'
  if (error !== undefined && (!isWorded || (isError && answered.message === Object(error).message))) {
    // The status code belongs to the payload that failed to be sent, not to the error.
    const isFailure = statusOf(error) === undefined && (isOfSending || !isSendable)
    return withId(isFailure ? INTERNAL : toWireError(recastError(error, statusCode), log), answer)
  }
  if (isError) {
    if (isNotFound(answered)) return toWireError(new FST_NSP_NAMESPACE_UNKNOWN())
    // An onSend hook failed: this is Fastify's error, not the payload of the error handler.
    const isFailure = error !== undefined && !isSendable
    return withId(isFailure ? INTERNAL : toWireError(answered, log), answer)
  }
  // A hook or a custom error handler chose this payload.
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

/** Whether it is Fastify's default 404: a hook called `reply.callNotFound()` to hide its namespace. */
function isNotFound({ statusCode, code, message }: Answered): boolean {
  return statusCode === 404 && code === undefined && String(message).startsWith('Route CONNECT:')
}

/** Adds the request id under which the log has an error whose text the client does not receive. */
function withId(told: WireError, { requestId }: ConnectResponse): WireError {
  return told.code === 'FST_NSP_INTERNAL' && requestId !== undefined ? { ...told, details: { id: requestId } } : told
}

/** Rebuilds an error as it was sent: the status code may come from the reply, and Fastify's validation has its own format. */
function recastError(thrown: unknown, statusCode: number): unknown {
  const { code, message, validation, validationContext: part } = Object(thrown)
  const isNamed = code !== 'FST_ERR_VALIDATION'
  if (part === undefined || (isNamed && !validation)) {
    return {
      code,
      message,
      statusCode,
      // A getter: reading it may throw, and the client then receives the rest.
      get details(): unknown {
        return Object(thrown).details
      },
    }
  }
  const list: { instancePath?: string; message?: string }[] = validation ?? [{ message }]
  const mismatches = list.map((each) => ({ path: each.instancePath ?? '', message: each.message ?? 'is invalid' }))
  const invalid = invalidConnect(part === 'body' ? 'auth' : part, mismatches)
  // Fastify's default message names `body`, where the client sent `auth`. A custom schemaErrorFormatter's message is kept.
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

/** Makes the error of a part of the request that does not match its schema. `path` is a JSON pointer into that part. */
export function invalidConnect(part: string, mismatches: readonly { path: string; message: string }[]): Error {
  const details = mismatches.map(({ path, message }) => ({ path: `/${part}${path}`, message }))
  return Object.assign(new FST_NSP_CONNECT_INVALID(), { details })
}
