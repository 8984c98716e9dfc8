import type { JsonSchema } from '../../definition/contract/description.js'
import { isPlainObject, type Keywords } from '../../schema/schema-ref.js'
import { hasSubschemas } from './subschemas.js'

/*
 * The keywords that a document has no use for, or writes otherwise. What a schema accepts stays the same.
 */

/** The keyword of a schema that a document can't show: its value says what is missing. */
const UNKNOWN = 'x-socketio-unknown'

// References are rewritten, so nothing needs these.
const IDENTIFIERS = ['$schema', '$id', '$anchor', '$dynamicAnchor', '$recursiveAnchor']
// Keywords of AsyncAPI, with the type of their value. Elsewhere they have another one.
const TYPES: Readonly<Record<string, string>> = {
  discriminator: 'string',
  externalDocs: 'object',
  deprecated: 'boolean',
}
const LIMITING = ['const', 'enum']

/** A schema that accepts everything, in place of one that can't be shown. */
export function toUnknown(what: string, why: string): JsonSchema {
  return { description: why, [UNKNOWN]: what }
}

/** Converts the keywords of one schema, whose subschemas are converted already. */
export function toDocumentKeywords(schema: Keywords): Keywords {
  const { nullable, binary, ...others } = schema
  const given = Object.entries(others).filter(([keyword, value]) => isShown(keyword, value))
  const lost = LIMITING.filter((keyword) => keyword in others && !given.some(([shown]) => shown === keyword))
  return {
    ...Object.fromEntries(given),
    ...(nullable === true && { type: [schema.type ?? []].flat().concat('null') }),
    ...(binary !== undefined && { binary, format: 'binary', ...mediaTypeOf(binary) }),
    ...(lost.length > 0 && { [UNKNOWN]: lost.join(', ') }),
  }
}

function isShown(keyword: string, value: unknown): boolean {
  if (IDENTIFIERS.includes(keyword)) return false
  if (TYPES[keyword] !== undefined) return typeof value === TYPES[keyword]
  return hasSubschemas(keyword) || !hasReference(value)
}

/** Whether data has a key `$ref`: readers of a document would follow it. */
export function hasReference(data: unknown): boolean {
  if (Array.isArray(data)) return data.some(hasReference)
  return isPlainObject(data) && (typeof data.$ref === 'string' || Object.values(data).some(hasReference))
}

function mediaTypeOf(binary: unknown): { contentMediaType?: unknown } {
  const { contentType } = Object(binary) as { contentType?: unknown }
  return contentType === undefined ? {} : { contentMediaType: contentType }
}
