import { randomUUID } from 'node:crypto'
import type { CompiledEvent } from '../definition/compile-contract.js'
import { SchemaMismatch } from '../schema/schema.js'
import { ConnectRefusal, INTERNAL, isExposed, isRefusal, toWireError, type WireError } from '../shared/client-error.js'
import { FST_NSP_EVENT_INVALID, FST_NSP_INTERNAL, FST_NSP_REPLY_INVALID } from '../shared/errors.js'
import type { RatedLog } from '../shared/log/rated-log.js'

/*
 * What a client is told when one of its events fails.
 */

/** Where an error came from. */
export interface Circumstances {
  readonly event: Pick<CompiledEvent, 'name' | 'errors'>
  readonly log: RatedLog
  /** What a handler throws is told only if it is declared, exposed, or ours; what a hook throws is a refusal. */
  readonly isInHandler: boolean
}

/**
 * Makes of anything thrown what the client is told: a declared error with its checked data; a refusal as it is, of a
 * handler one that is exposed; and for all else FST_NSP_INTERNAL, whose text goes to the log under the id that the client gets; where the log leaves the line
 * out, the client gets none.
 */
export async function judge(thrown: unknown, { event, log, isInHandler }: Circumstances): Promise<WireError> {
  // of a reauthenticate: made for the client
  if (thrown instanceof ConnectRefusal) return thrown.told
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
  const told = toWireError(isForeign || checkData ? new FST_NSP_INTERNAL() : thrown, log)
  if (told.code !== 'FST_NSP_INTERNAL') return told
  return fail(thrown, event.name, log, isForeign && isRefusal(thrown) ? hintFor(code) : undefined)
}

/** Logs what is not told, whatever it is. */
export function fail(thrown: unknown, event: string, log: RatedLog, hint?: string): WireError {
  const id = logFailure(thrown, { event, ...(hint && { hint }) }, log, 'event failed')
  return { ...INTERNAL, ...id }
}

/** Logs why a reply is not sent. out: what is told instead. */
export function failReply(thrown: unknown, event: string, log: RatedLog, message: string): Error {
  return Object.assign(new FST_NSP_REPLY_INVALID(), logFailure(thrown, { event }, log, message))
}

/** out: the id under which the log has it, for the client; none where the log leaves the line out. */
function logFailure(
  err: unknown,
  where: object,
  log: RatedLog,
  message: string,
): { readonly details?: { id: string } } {
  const id = randomUUID()
  return log.write('error', { err, errorId: id, ...where }, message) ? { details: { id } } : {}
}

/** What to do about a handler's 4xx that is not told. */
function hintFor(code: unknown): string {
  const declared = typeof code === 'string' ? code.slice(0, 100) : 'NOT_FOUND'
  return `a handler's 4xx is told if the event declares its code, errors: { ${declared}: schema }, or if it is exposed: expose: true, http-errors, @fastify/error`
}

/** What of a payload does not fit, and where, for the log. in: the details that its client is told. */
export function describeMismatches(details: unknown): string {
  const mismatches = [details].flat().map((one) => `${Object(one).path || '/'} ${Object(one).message}`)
  return mismatches.join('; ').slice(0, 500)
}

/** The error of a payload that does not fit its schema. Anything but a mismatch is a failure of the schema itself. */
export function invalidEvent(error: unknown): unknown {
  if (!(error instanceof SchemaMismatch)) return error
  return Object.assign(new FST_NSP_EVENT_INVALID(), { details: error.mismatches })
}
