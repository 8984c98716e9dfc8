import { FST_NSP_ACK_TOO_LARGE, FST_NSP_KEYS_LIMIT } from './errors/idempotency-errors.js'
import { FST_NSP_ITEM_INVALID } from './errors/stream-errors.js'
import {
  FST_NSP_ADMISSION_TIMEOUT,
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_HANDLER_TIMEOUT,
  FST_NSP_INTERNAL,
  FST_NSP_REPLY_INVALID,
  isCoded,
} from './errors.js'
import { isNothing, toSendable } from './json-value.js'
import { type ErrorLog, logError } from './log/error-log.js'
import type { WireError } from './wire-error.js'

/*
 * Turns anything that was thrown into the error that a client receives. Texts of unexpected errors are not sent.
 */

// The 5xx errors of this plugin that are sent as they are: their texts are written in errors.ts.
const SENDABLE = [
  FST_NSP_ACK_TOO_LARGE,
  FST_NSP_ADMISSION_TIMEOUT,
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_HANDLER_TIMEOUT,
  FST_NSP_INTERNAL,
  FST_NSP_ITEM_INVALID,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_REPLY_INVALID,
]

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

/** A refused connect, with the error that its client receives. */
export class ConnectRefusal extends Error {
  readonly code: string
  readonly wireError: WireError

  constructor(wireError: WireError) {
    super(wireError.message)
    this.code = wireError.code
    this.wireError = wireError
  }
}

const { code: INTERNAL_CODE, statusCode: INTERNAL_STATUS, message: INTERNAL_MESSAGE } = new FST_NSP_INTERNAL()

/** The error that a client receives in place of an unexpected one. */
export const INTERNAL: WireError = Object.freeze({
  code: INTERNAL_CODE,
  statusCode: INTERNAL_STATUS as number,
  message: INTERNAL_MESSAGE,
})

/**
 * Converts anything that was thrown to the error that a client receives. A 4xx error is sent as it is, with the code
 * FST_NSP_REFUSED if it has none, and so are the 5xx errors of this plugin. Anything else (no status, another 5xx, not an
 * Error) becomes FST_NSP_INTERNAL without its text. Never throws.
 *
 * @param log - receives a line if the details can not be encoded; they are left out then
 */
export function toWireError(thrown: unknown, log?: ErrorLog): WireError {
  try {
    return describeError(thrown, log)
  } catch {
    return INTERNAL
  }
}

function describeError(thrown: unknown, log: ErrorLog | undefined): WireError {
  if (thrown instanceof ConnectRefusal) return thrown.wireError
  const { code, message } = Object(thrown) as Partial<WireError>
  const statusCode = statusOf(thrown)
  const isSendable = isRefusal(thrown) || SENDABLE.some((Sendable) => thrown instanceof Sendable)
  if (!isSendable || typeof message !== 'string') return INTERNAL
  const wireError = {
    code: typeof code === 'string' ? code : 'FST_NSP_REFUSED',
    statusCode: statusCode as number,
    message,
  }
  return { ...wireError, ...detailsOf(thrown as object, wireError.code, log) }
}

/** The HTTP status of an error, read as Fastify reads it; undefined if it has none. */
export function statusOf(error: unknown): number | undefined {
  const { statusCode, status } = Object(error) as { statusCode?: unknown; status?: unknown }
  const found = statusCode ?? status
  return Number.isInteger(found) ? (found as number) : undefined
}

/** Whether an error has a 4xx status. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error)
  return status !== undefined && status >= 400 && status < 500
}

/**
 * Whether an error may be shown to a client: its `expose` (of http-errors) is true, or it has no `expose` and was made by
 * @fastify/error. Never throws.
 */
export function isExposed(error: unknown): boolean {
  try {
    const { expose } = Object(error) as { expose?: unknown }
    return expose === undefined ? isCoded(error) : expose === true
  } catch {
    return false
  }
}

/** The `details` of an error or of an answer as JSON; none if they can not be encoded, which is logged. */
export function detailsOf(
  source: { readonly details?: unknown },
  code: string,
  log: ErrorLog | undefined,
): { readonly details?: unknown } {
  try {
    const details = toSendable(source.details)
    return isNothing(details) ? {} : { details }
  } catch (error) {
    if (log) logError(log, error, { code }, 'the details of an error can not be sent')
    return {}
  }
}
