import { randomUUID } from 'node:crypto'
import type { CompiledEvent } from './contract.js'
import { FST_NSP_EVENT_INVALID, FST_NSP_INTERNAL } from './errors.js'
import type { RatedLog } from './rated-log.js'
import { SchemaMismatch } from './schema.js'
import { ConnectRefusal, INTERNAL, toWireError, type WireError } from './wire-error.js'

/*
 * What a client is told when one of its events fails.
 */

/** Where an error came from. */
export interface Circumstances {
  readonly event: Pick<CompiledEvent, 'name' | 'errors'>
  readonly log: RatedLog
  /** What a handler throws is told only if it is declared, or ours; what a hook throws is a refusal. */
  readonly isInHandler: boolean
}

/**
 * Makes of anything thrown what the client is told: a declared error with its checked data; a refusal as it is; and
 * for all else FST_NSP_INTERNAL, whose text goes to the log under the id that the client gets; where the log leaves the line
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
  const isForeign = isInHandler && !String(code).startsWith('FST_NSP_')
  const told = toWireError(isForeign || checkData ? new FST_NSP_INTERNAL() : thrown, log)
  if (told.code !== 'FST_NSP_INTERNAL') return told
  return fail(thrown, event.name, log)
}

/** Logs what is not told, whatever it is. */
export function fail(thrown: unknown, event: string, log: RatedLog): WireError {
  const id = randomUUID()
  const isWritten = log.write('error', { err: thrown, errorId: id, event }, 'event failed')
  return isWritten ? { ...INTERNAL, details: { id } } : INTERNAL
}

/** The error of a payload that does not fit its schema. Anything but a mismatch is a failure of the schema itself. */
export function invalidEvent(error: unknown): unknown {
  if (!(error instanceof SchemaMismatch)) return error
  return Object.assign(new FST_NSP_EVENT_INVALID(), { details: error.mismatches })
}
