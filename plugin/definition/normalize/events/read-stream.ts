import type { AnySchema } from '../../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../../shared/errors.js'
import { kindOf } from '../../../shared/wording.js'
import { read, readDuration, readSchema, type Source } from '../read-value.js'

/*
 * Reads the keys of an event that is a stream, and fills in their defaults.
 */

/** The stream of an event. */
export interface NormalStream {
  /** The schema of an item. */
  readonly item: AnySchema
  /** The id of an item, from which a client can resume. */
  readonly itemId: ((item: unknown) => unknown) | undefined
  /** The most items that are on their way at the same time. */
  readonly credits: number
  /** Milliseconds that the server waits for the client to read; 0: no limit. */
  readonly readTimeoutMs: number
}

const OPTIONS = ['itemId', 'credits', 'readTimeoutMs'] as const
export const STREAM_KEYS = ['stream', ...OPTIONS] as const

const DEFAULT_CREDITS = 16
const MOST_CREDITS = 1_024
const DEFAULT_READ_TIMEOUT_MS = 60_000

/**
 * @returns undefined for an event that is no stream
 * @throws FST_NSP_DEFINITION_INVALID naming the path
 */
export function readStream(source: Source, path: string): NormalStream | undefined {
  const item = readSchema(source.stream, `${path}.stream`)
  if (item === undefined) {
    const lost = OPTIONS.find((key) => source[key] !== undefined)
    if (lost === undefined) return undefined
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${lost}`, 'is for streams: declare the schema of an item as `stream`')
  }
  if (source.idempotency !== undefined) {
    const problem = 'can not be combined with `stream`: give the items ids with `itemId`, so that clients resume'
    throw new FST_NSP_DEFINITION_INVALID(`${path}.idempotency`, problem)
  }
  return Object.freeze({
    item,
    itemId: read<(item: unknown) => unknown>(source, 'itemId', path, 'function'),
    credits: readCredits(source.credits, `${path}.credits`),
    readTimeoutMs: readDuration(source, 'readTimeoutMs', path, 0) ?? DEFAULT_READ_TIMEOUT_MS,
  })
}

function readCredits(credits: unknown, path: string): number {
  if (credits === undefined) return DEFAULT_CREDITS
  if (Number.isInteger(credits) && Number(credits) >= 1 && Number(credits) <= MOST_CREDITS) return Number(credits)
  const got = typeof credits === 'number' ? String(credits) : kindOf(credits)
  throw new FST_NSP_DEFINITION_INVALID(path, `must be a whole number of items from 1 to ${MOST_CREDITS}: got ${got}`)
}
