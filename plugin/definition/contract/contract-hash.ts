import { PRESENCE_EMITS } from '../presence/presence-emits.js'
import type { ContractDescription, JsonSchema, SchemaDescription } from './description.js'

/*
 * The hash of a contract: the same on a server and in a browser, for the same schemas.
 */

/** The keywords of JSON Schema that are for people. */
const PROSE = ['title', 'description', 'examples', '$comment', 'deprecated']
/** The keywords whose keys are names of properties or of schemas. */
const MAPS = ['properties', 'patternProperties', 'definitions', '$defs', 'dependencies', 'dependentSchemas']
/** The keywords whose values are data. */
const DATA = ['const', 'enum', 'default']

/**
 * Hashes what client and server must agree on. The order of keys, the prose and the name of the namespace do not count.
 *
 * @returns 16 hexadecimal digits: FNV-1a of 64 bits. It is no protection against a client that lies.
 */
export function hashContract(contract: Omit<ContractDescription, 'hash'>): string {
  const { params, querystring, headers, auth, events, emits, rooms, schemas } = contract
  const agreed = {
    join: mapValues({ params, querystring, headers, auth }, agreedSchema),
    events: mapValues(events, ({ payload, reply, stream, errors }) => ({
      payload: agreedSchema(payload),
      reply: agreedSchema(reply),
      ...(stream && { stream: agreedSchema(stream.item), isResumable: stream.isResumable }),
      errors: mapValues(errors, agreedSchema),
    })),
    emits: mapValues(withoutPresence(emits), ({ payload, reply }) => ({
      payload: agreedSchema(payload),
      reply: agreedSchema(reply),
    })),
    ...(rooms && { rooms: mapValues(rooms, ({ params }) => agreedSchema(params)) }),
    schemas: mapValues(schemas, withoutProse),
  }
  return hashText(JSON.stringify(sortKeys(agreed)))
}

/** A contract of `defineContract()` knows nothing of presence, which is the server's. */
function withoutPresence<Emit>(emits: Readonly<Record<string, Emit>>): Record<string, Emit> {
  const names: readonly string[] = Object.values(PRESENCE_EMITS)
  return Object.fromEntries(Object.entries(emits).filter(([name]) => !names.includes(name)))
}

/** Of a schema without JSON Schema only the vendor is known. */
function agreedSchema(schema: SchemaDescription | undefined): unknown {
  if (!schema) return undefined
  return schema.jsonSchema === undefined ? { unknown: schema.vendor } : withoutProse(schema.jsonSchema)
}

function withoutProse(schema: JsonSchema): unknown {
  if (Array.isArray(schema)) return schema.map(withoutProse)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(([key]) => !PROSE.includes(key))
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (key === 'required' && Array.isArray(value)) return [key, [...value].sort()]
      if (DATA.includes(key)) return [key, value]
      const isMap = MAPS.includes(key) && typeof value === 'object' && value !== null
      return [
        key,
        isMap ? mapValues(value as Record<string, JsonSchema>, withoutProse) : withoutProse(value as JsonSchema),
      ]
    }),
  )
}

function mapValues<Value>(map: Readonly<Record<string, Value>>, change: (value: Value) => unknown): object {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.sort(byKey).map(([key, inner]) => [key, sortKeys(inner)]))
}

/** Not by locale: the order must be the same everywhere. Keys that look like numbers come first in any object, on every engine. */
function byKey([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1
}

function hashText(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}
