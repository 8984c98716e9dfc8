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
  // As TypeBox marks a type that it does not know.
  return Object.defineProperty({ binary: { ...options } }, '~unsafe', { value: null }) as unknown as BinarySchema
}

// All that may stand beside it: nothing that asserts more.
const ANNOTATIONS = ['title', 'description', '$comment', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$id']

/** What is wrong with the keyword of a schema, and where in it; undefined when it is well. */
export function findBinaryProblem(schema: Readonly<Record<string, unknown>>): string | undefined {
  const { binary } = schema
  const { maxBytes, contentType, ...strange } = Object(binary) as Partial<BinaryOptions>
  const [stranger] = Object.keys(strange)
  const [neighbour] = Object.keys(schema).filter((key) => key !== 'binary' && !ANNOTATIONS.includes(key))
  if (!Number.isSafeInteger(maxBytes) || Number(maxBytes) < 1) {
    return `/binary/maxBytes must be a whole number of bytes, at least 1: got ${JSON.stringify(maxBytes)}`
  }
  if (contentType !== undefined && typeof contentType !== 'string') return '/binary/contentType must be a string'
  if (stranger !== undefined) return `/binary/${stranger} is unknown: use maxBytes, contentType`
  if (neighbour !== undefined) return `/${neighbour} can not be combined with binary`
  return undefined
}

/**
 * Stands for binary data where a validator looks: it has no keys to walk over. Two are alike to Ajv whose `limit` is the
 * same, and what JSON makes is like none.
 */
export class StandIn {
  readonly #binary: object
  readonly #limit: number

  /** `limit`: the lowest of its schema's `maxBytes` that it is within; Infinity for what is above them all. */
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

/** Of the `enum` in which a validator looks for stand-ins. */
export function isOfStandIns(values: unknown): boolean {
  return Array.isArray(values) && values[0] instanceof StandIn
}
