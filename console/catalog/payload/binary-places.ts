import type { JsonSchema } from '../../../plugin/definition/contract/description.js'
import { placeOf, type SchemaPlace, type SharedSchemas } from '../schema-place.js'
import { pointerTo } from './json-parts.js'

/** A place of a payload that takes bytes. */
export interface BinaryPlace {
  /** A JSON pointer. Of a list, the place of its first item. */
  readonly path: string
  readonly maxBytes: number
  readonly contentType?: string
}

const DEPTH = 6
const PLACES = 20

/** The places of a schema that take bytes: at most 20. */
export function binaryPlacesOf(schema: JsonSchema, shared: SharedSchemas): readonly BinaryPlace[] {
  const places = new Map<string, BinaryPlace>()

  function read(place: SchemaPlace, path: string, depth: number): void {
    if (depth > DEPTH || places.size >= PLACES) return
    const { keywords, at } = place
    if (typeof keywords.binary === 'object' && keywords.binary !== null) {
      const { maxBytes, contentType } = Object(keywords.binary)
      places.set(path, {
        path,
        maxBytes: Number(maxBytes) || Number.POSITIVE_INFINITY,
        ...(typeof contentType === 'string' && { contentType }),
      })
      return
    }
    for (const [name, inner] of Object.entries(Object(keywords.properties)))
      read(at(inner), path + pointerTo(name), depth + 1)
    if (Array.isArray(keywords.items))
      for (const [index, inner] of keywords.items.entries()) read(at(inner), path + pointerTo(index), depth + 1)
    else if (keywords.items) read(at(keywords.items), path + pointerTo(0), depth + 1)
    for (const word of ['allOf', 'anyOf', 'oneOf']) {
      const list = keywords[word]
      if (Array.isArray(list)) for (const inner of list) read(at(inner), path, depth + 1)
    }
  }

  read(placeOf(schema, shared), '', 0)
  return [...places.values()]
}
