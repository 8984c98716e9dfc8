import { randomUUID } from 'node:crypto'
import type { CompiledEvent } from '../definition/compile-contract.js'
import { SchemaMismatch } from '../schema/schema.js'
import { ConnectRefusal, INTERNAL, isExposed, isRefusal, toWireError } from '../shared/client-error.js'
import { FST_NSP_ITEM_INVALID } from '../shared/errors/stream-errors.js'
import { FST_NSP_EVENT_INVALID, FST_NSP_INTERNAL, FST_NSP_REPLY_INVALID } from '../shared/errors.js'
import type { RatedLog } from '../shared/log/rated-log.js'
import type { WireError } from '../shared/wire-error.js'

/*
 * Turns what a handler or a hook has thrown into the error that the client receives in the ack.
 */

/** Where an error was thrown. */
export interface EventErrorSource {
  readonly event: Pick<CompiledEvent, 'name' | 'errors'>
  readonly log: RatedLog
  /** A handler's error is sent only if it is declared, exposed, or one of this plugin. A hook's 4xx error is always sent. */
  readonly isInHandler: boolean
}

/**
 * Returns the error that the client receives: a declared error with its checked data; a 4xx error, which a handler must
 * expose; and FST_NSP_INTERNAL for anything else. The text of such an error is logged with an id, and the client receives
 * the id, unless the log's rate leaves the line out.
 */
export async function toClientError(
  thrown: unknown,
  { event, log, isInHandler }: EventErrorSource,
): Promise<WireError> {
  // reauthenticate() rejects with it; it was made for the client.
  if (thrown instanceof ConnectRefusal) return thrown.wireError
  const { code, message, statusCode = 400 } = Object(thrown) as Partial<WireError>
  const checkData = event.errors.get(String(code))
  if (checkData) {
    try {
      const data = await checkData(Object(thrown).details)
      return { code: String(code), statusCode, message: String(message), ...(data !== undefined && { details: data }) }
    } catch (error) {
      const where = { err: error, event: event.name, code: String(code) }
      log.write('error', where, 'data of a declared error does not fit its schema')
    }
  }
  const isForeign = isInHandler && !String(code).startsWith('FST_NSP_') && !isExposed(thrown)
  const clientError = toWireError(isForeign || checkData ? new FST_NSP_INTERNAL() : thrown, log)
  if (clientError.code !== 'FST_NSP_INTERNAL') return clientError
  return toInternalError(thrown, event.name, log, isForeign && isRefusal(thrown) ? hintFor(code) : undefined)
}

/** Logs an error that the client must not see, and returns the error that the client receives instead. */
export function toInternalError(thrown: unknown, event: string, log: RatedLog, hint?: string): WireError {
  const id = logFailure(thrown, { event, ...(hint && { hint }) }, log, 'event failed')
  return { ...INTERNAL, ...id }
}

/** Logs why a reply is not sent, and returns the error that the client receives instead. */
export function toReplyError(thrown: unknown, event: string, log: RatedLog, message: string): Error {
  return Object.assign(new FST_NSP_REPLY_INVALID(), logFailure(thrown, { event }, log, message))
}

/** Logs why a stream can't be sent, and returns the error with which it ends. */
export function toItemError(thrown: unknown, event: string, log: RatedLog, message: string): Error {
  return Object.assign(new FST_NSP_ITEM_INVALID(), logFailure(thrown, { event }, log, message))
}

/** Returns the id of the log line, for the client; nothing if the log's rate leaves the line out. */
function logFailure(
  err: unknown,
  where: object,
  log: RatedLog,
  message: string,
): { readonly details?: { id: string } } {
  const id = randomUUID()
  return log.write('error', { err, errorId: id, ...where }, message) ? { details: { id } } : {}
}

/** Says in the log how a handler's 4xx error can reach the client. */
function hintFor(code: unknown): string {
  const declared = typeof code === 'string' ? code.slice(0, 100) : 'NOT_FOUND'
  return `a handler's 4xx error is sent to the client if the event declares its code, errors: { ${declared}: schema }, or if it is exposed: expose: true, http-errors, @fastify/error`
}

/** Describes the mismatches of a payload in one line, for the log. `details` are those that the client receives. */
export function describeMismatches(details: unknown): string {
  const mismatches = [details].flat().map((one) => `${Object(one).path || '/'} ${Object(one).message}`)
  return mismatches.join('; ').slice(0, 500)
}

/** Turns a mismatch into FST_NSP_EVENT_INVALID. Any other error is a failure of the schema itself, and is returned as it is. */
export function toEventInvalid(error: unknown): unknown {
  if (!(error instanceof SchemaMismatch)) return error
  return Object.assign(new FST_NSP_EVENT_INVALID(), { details: error.mismatches })
}
