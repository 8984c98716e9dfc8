import type { JsonSchema, SchemaDescription } from '../../definition/contract/description.js'
import { isPlainObject, type Keywords } from '../../schema/schema-ref.js'
import { createIds } from '../safe-ids.js'
import { toDocumentKeywords, toUnknown } from './document-keywords.js'
import { identifySchema } from './schema-identity.js'
import { isResource, type Resource, type SchemaScope, toResource, visitTargets } from './schema-scope.js'
import { hasSubschemas, mapSubschemas } from './subschemas.js'

/*
 * The schemas of a document. A schema with an `$id`, and one that refers to a part of itself, becomes a component, and every
 * reference becomes one to a component: readers of AsyncAPI know no other base of a reference than the document.
 */

/**
 * Renders a schema of one namespace.
 *
 * @param place - the name of the component, if the schema becomes one and has no `$id`
 */
export type SchemaRenderer = (schema: SchemaDescription, place: string) => JsonSchema

/** The components of one document. */
export interface ComponentSchemas {
  createRenderer(scope: SchemaScope): SchemaRenderer
  /** The components so far, by name. */
  list(): Readonly<Record<string, JsonSchema>>
}

export function createComponentSchemas(): ComponentSchemas {
  const takeId = createIds()
  const components = new Map<string, JsonSchema>()
  const namesByIdentity = new Map<string, string>()

  function createRenderer(scope: SchemaScope): SchemaRenderer {
    const names = new Map<object, string>()

    /** Makes a component of a resource, once. */
    function nameOf(resource: Resource, place: string): string {
      const { schema } = resource
      const isNamed = isResource(schema)
      const identity = isNamed ? identifySchema(resource, scope) : ''
      const known = names.get(schema) ?? namesByIdentity.get(identity)
      const name = known ?? takeId(isNamed ? schema.$id : place)
      names.set(schema, name)
      if (known !== undefined) return name
      if (isNamed) namesByIdentity.set(identity, name)
      // It keeps its place among the components while its own references are followed.
      components.set(name, true)
      const title = isNamed && name !== schema.$id && { title: schema.$id }
      components.set(name, { ...title, ...toObject(write(schema, resource, place)) })
      return name
    }

    function refer(resource: Resource, pointer: string, place: string): JsonSchema {
      const steps = pointer.split('/').map(encodeURIComponent)
      return { $ref: `#/components/schemas/${nameOf(resource, place)}${steps.join('/')}` }
    }

    function follow(ref: string, from: Resource, place: string): JsonSchema {
      const target = scope.follow(ref, from)
      if (target === undefined) return toUnknown(ref, 'A schema that is not found')
      return typeof target === 'boolean' ? target : refer(target.resource, target.pointer, place)
    }

    function write(schema: unknown, from: Resource, place: string): JsonSchema {
      if (!isPlainObject(schema)) return schema !== false
      if (schema !== from.schema && isResource(schema)) return refer({ ...from, schema, root: schema }, '', place)
      const { $ref, ...others } = schema
      const copy = Object.entries(others).map(([keyword, value]) => {
        if (!hasSubschemas(keyword)) return [keyword, value]
        return [keyword, mapSubschemas(keyword, value, (inner) => write(inner, from, place))]
      })
      const own = toDocumentKeywords(Object.fromEntries(copy) as Keywords)
      return typeof $ref === 'string' ? join(own, follow($ref, from, place)) : own
    }

    return ({ jsonSchema, vendor = 'unknown' }, place) => {
      if (jsonSchema === undefined) return toUnknown(vendor, `A schema of ${vendor}, which has no JSON Schema`)
      if (typeof jsonSchema === 'boolean') return toObject(jsonSchema)
      const resource = toResource(jsonSchema)
      const isComponent = isResource(jsonSchema) || refersToItself(resource, scope)
      return isComponent ? refer(resource, '', place) : toObject(write(jsonSchema, resource, place))
    }
  }

  return { createRenderer, list: () => Object.fromEntries(components) }
}

function refersToItself(resource: Resource, scope: SchemaScope): boolean {
  let isFound = false
  visitTargets(resource, scope, (target) => {
    isFound ||= target.resource.schema === resource.schema
  })
  return isFound
}

/** Readers of a document drop what stands beside a `$ref`. */
function join(own: Keywords, target: JsonSchema): JsonSchema {
  if (Object.keys(own).length === 0) return target
  return { ...own, allOf: [...((own.allOf as readonly unknown[] | undefined) ?? []), target] }
}

/** The parser of AsyncAPI refuses a boolean for a payload or a component, though the specification allows it. */
function toObject(schema: JsonSchema): Keywords {
  if (typeof schema === 'object') return schema
  return schema ? {} : { not: {} }
}
