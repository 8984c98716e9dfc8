import {
  FST_NSP_ADMISSION_TIMEOUT,
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_HANDLER_TIMEOUT,
  FST_NSP_INTERNAL,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_REPLY_INVALID,
  isCoded,
} from './errors.js'
import { isNothing, toSendable } from './json-value.js'
import { type ErrorLog, logError } from './log/error-log.js'

/*
 * What of an error a client is told.
 */

// Our own 5xx: their texts are those of errors.ts, so they may be told.
const TELLABLE = [
  FST_NSP_ADMISSION_TIMEOUT,
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_HANDLER_TIMEOUT,
  FST_NSP_INTERNAL,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_REPLY_INVALID,
]

/** An error as a client receives it: `error` of an ack, or `message` and `data` of a `connect_error`. */
export interface WireError {
  /** E.g. `FST_NSP_EVENT_INVALID`, or the code of a declared error. */
  readonly code: string
  /** A status of HTTP, e.g. 400. */
  readonly statusCode: number
  /** One sentence. For `FST_NSP_INTERNAL` it never has the text of the original error. */
  readonly message: string
  /**
   * For an invalid payload, each problem with its place as a JSON pointer. For a declared error, its data. For
   * `FST_NSP_INTERNAL`, the id of the log line.
   */
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

const { code: INTERNAL_CODE, statusCode: INTERNAL_STATUS, message: INTERNAL_MESSAGE } = new FST_NSP_INTERNAL()

/** What is told of an error that is not told. */
export const INTERNAL: WireError = Object.freeze({
  code: INTERNAL_CODE,
  statusCode: INTERNAL_STATUS as number,
  message: INTERNAL_MESSAGE,
})

/**
 * The one road from anything thrown to the wire: a 4xx error as it is (without a code of its own: FST_NSP_REFUSED), and
 * our own 5xx; all the rest (no status, any other 5xx, not an Error at all) becomes FST_NSP_INTERNAL and loses its text.
 * It never throws, and what it gives can be encoded: details that can't be are left out, and logged.
 */
export function toWireError(thrown: unknown, log?: ErrorLog): WireError {
  try {
    return tell(thrown, log)
  } catch {
    return INTERNAL
  }
}

function tell(thrown: unknown, log: ErrorLog | undefined): WireError {
  if (thrown instanceof ConnectRefusal) return thrown.told
  const { code, message } = Object(thrown) as Partial<WireError>
  const statusCode = statusOf(thrown)
  const isTellable = isRefusal(thrown) || TELLABLE.some((Tellable) => thrown instanceof Tellable)
  if (!isTellable || typeof message !== 'string') return INTERNAL
  const told = {
    code: typeof code === 'string' ? code : 'FST_NSP_REFUSED',
    statusCode: statusCode as number,
    message,
  }
  return { ...told, ...detailsOf(thrown as object, told.code, log) }
}

/** The status of an error, as Fastify reads it; undefined for what has none. */
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
 * Whether an error says itself that a client may be told: by `expose`, as http-errors has it, or, without one, by being of
 * @fastify/error. It never throws.
 */
export function isExposed(error: unknown): boolean {
  try {
    const { expose } = Object(error) as { expose?: unknown }
    return expose === undefined ? isCoded(error) : expose === true
  } catch {
    return false
  }
}

/** Those of an error, or of an answer, as the wire will have them. */
export function detailsOf(
  source: { readonly details?: unknown },
  code: string,
  log: ErrorLog | undefined,
): { readonly details?: unknown } {
  try {
    const details = toSendable(source.details)
    return isNothing(details) ? {} : { details }
  } catch (error) {
    if (log) logError(log, error, { code }, 'details of a refusal can not be sent')
    return {}
  }
}
