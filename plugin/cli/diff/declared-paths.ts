import { wordPath } from './objection-words.js'
import { followRef, isObject, type SchemaObject, type ScopedSchema, scopeInside } from './scoped-schema.js'

/** The most schemas that are looked into: references can multiply them. */
const MOST_STEPS = 20_000

/** The paths of all properties that a schema declares. A schema that contains itself is looked into once. */
export function declaredPaths(scoped: ScopedSchema, place: string): ReadonlySet<string> {
  const paths = new Set<string>()
  let steps = 0
  const visit = (at: ScopedSchema, path: readonly string[], above: ReadonlySet<SchemaObject>): void => {
    if (above.has(at.schema) || ++steps > MOST_STEPS) return
    const inside = new Set([...above, at.schema])
    const target = at.schema.$ref === undefined ? undefined : followRef(at)
    if (target) visit(target, path, inside)
    for (const [name, schema] of Object.entries(isObject(at.schema.properties) ? at.schema.properties : {})) {
      paths.add(wordPath(place, [...path, name]))
      visit(scopeInside(at, schema), [...path, name], inside)
    }
    for (const part of ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => at.schema[keyword] ?? []))
      visit(scopeInside(at, part), path, inside)
    if (isObject(at.schema.items)) visit(scopeInside(at, at.schema.items), [...path, '[]'], inside)
  }
  visit(scoped, [], new Set())
  return paths
}
