import type { TUnsafe } from 'typebox'

/*
 * The keyword `binary` of a JSON Schema, and the stand-in that replaces binary data while a validator checks the rest.
 */

/** The options of `Binary()`. */
export interface BinaryOptions {
  /** Maximum length in bytes, at least 1. For a payload, it must be within `limits.payloadBytes`. */
  readonly maxBytes: number
  /** The media type, e.g. `image/png`, for people and for generated documents. The bytes are not inspected. */
  readonly contentType?: string
}

/** The result of `Binary()`: a TypeBox type, and a JSON Schema with one keyword. */
export interface BinarySchema extends TUnsafe<Uint8Array> {
  /** The keyword of JSON Schema. */
  readonly binary: BinaryOptions
}

/**
 * A schema that accepts binary data: a Buffer, a typed array or an ArrayBuffer. No other JSON Schema accepts binary data from a
 * client. A handler receives a `Uint8Array`.
 *
 * @example
 * payload: Type.Object({ name: Type.String(), image: Binary({ maxBytes: 500_000, contentType: 'image/png' }) })
 */
export function Binary(options: BinaryOptions): BinarySchema {
  // TypeBox marks a type that it does not know with `~unsafe`.
  return Object.defineProperty({ binary: { ...options } }, '~unsafe', { value: null }) as unknown as BinarySchema
}

// The keywords that may be combined with `binary`: annotations only.
const ANNOTATIONS = ['title', 'description', '$comment', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$id']

/**
 * Checks the keyword `binary` of a schema.
 *
 * @returns the problem, beginning with its JSON pointer, or undefined
 */
export function findBinaryProblem(schema: Readonly<Record<string, unknown>>): string | undefined {
  const { binary } = schema
  const { maxBytes, contentType, ...unknown } = Object(binary) as Partial<BinaryOptions>
  const [unknownKey] = Object.keys(unknown)
  const [neighbour] = Object.keys(schema).filter((key) => key !== 'binary' && !ANNOTATIONS.includes(key))
  if (!Number.isSafeInteger(maxBytes) || Number(maxBytes) < 1) {
    return `/binary/maxBytes must be a whole number of bytes, at least 1: got ${JSON.stringify(maxBytes)}`
  }
  if (contentType !== undefined && typeof contentType !== 'string') return '/binary/contentType must be a string'
  if (unknownKey !== undefined) return `/binary/${unknownKey} is unknown: use maxBytes, contentType`
  if (neighbour !== undefined) return `/${neighbour} can not be combined with binary`
  return undefined
}

/**
 * Replaces binary data while a validator checks a value. It has no keys to iterate over. For Ajv's `enum`, two stand-ins are
 * equal if their `limit` is the same, and no value of JSON equals one.
 */
export class StandIn {
  readonly #binary: object
  readonly #limit: number

  /** @param limit - the lowest `maxBytes` of the schema that the data fits; Infinity if it fits none */
  constructor(binary: object, limit: number) {
    this.#binary = binary
    this.#limit = limit
  }

  get binary(): object {
    return this.#binary
  }

  valueOf(): number {
    return this.#limit
  }
}

/** Whether the values of an `enum` are stand-ins. */
export function isOfStandIns(values: unknown): boolean {
  return Array.isArray(values) && values[0] instanceof StandIn
}
