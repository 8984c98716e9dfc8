import type { CompiledStream } from '../../definition/compile-contract.js'
import { FST_NSP_STREAM_INVALID } from '../../shared/errors/stream-errors.js'
import type { IncomingEvent } from '../incoming-event.js'

/*
 * Reads the options with which a client opens a stream: the second argument of the event.
 */

/** The id of an item, from which a client resumes. */
export type ItemId = string | number

export interface StreamOptions {
  /** The client's name for the stream. */
  readonly id: string
  /** How many items the client is ready for. */
  readonly credits: number
  /** The last item that the client has received, if it resumes. */
  readonly lastId: ItemId | undefined
}

export const LONGEST_ID = 64
const LONGEST_ITEM_ID = 1_024

/** @throws FST_NSP_STREAM_INVALID */
export function readStreamOptions(
  { name, count, ack, options }: IncomingEvent,
  { credits: most, itemId }: Pick<CompiledStream, 'credits' | 'itemId'>,
): StreamOptions {
  const refuse = (problem: string): never => {
    throw new FST_NSP_STREAM_INVALID(name, problem)
  }
  if (!ack || ack.isSent) return refuse('emit it with an ack, which ends the stream')
  if (count !== 2 || typeof options !== 'object' || options === null) {
    return refuse('emit it with two arguments, the payload and { id }')
  }
  const { id, credits, lastId } = options as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) {
    return refuse(`its id must be a string of 1 to ${LONGEST_ID} characters`)
  }
  if (!isAbsent(credits) && !isCount(credits)) return refuse('its credits must be a whole number, 1 or more')
  if (isAbsent(lastId)) return { id, credits: Math.min(credits ?? most, most), lastId: undefined }
  if (!itemId) return refuse('its items have no ids, so it has no lastId')
  if (!isItemId(lastId))
    return refuse(`its lastId must be a number, or a string of at most ${LONGEST_ITEM_ID} characters`)
  return { id, credits: Math.min(credits ?? most, most), lastId }
}

/** Whether a value from the wire is a number of items. It may be larger than any stream allows. */
export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1
}

export function isItemId(value: unknown): value is ItemId {
  return typeof value === 'string' ? value.length <= LONGEST_ITEM_ID : Number.isFinite(value)
}

/** Some languages write null for a property that is not there. */
function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}
