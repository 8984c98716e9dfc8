import { isPlainObject } from '../../schema/schema-ref.js'
import { type Resource, type SchemaScope, visitTargets } from './schema-scope.js'

/**
 * A text that is the same for two schemas only if they are the same, with everything that they refer to. Two contexts may have
 * one `$id` for different schemas, and one schema whose references mean something else.
 */
export function identifySchema(resource: Resource, scope: SchemaScope): string {
  const resources = [resource]
  const texts: string[] = []
  // The list grows while it is read.
  for (const each of resources) {
    texts.push(JSON.stringify(each.schema, sortKeys))
    visitTargets(each, scope, ({ resource: target, pointer }) => {
      let index = resources.findIndex(({ schema }) => schema === target.schema)
      if (index === -1) index = resources.push(target) - 1
      texts.push(`${index} ${pointer}`)
    })
  }
  return texts.join('\n')
}

function sortKeys(_key: string, value: unknown): unknown {
  return isPlainObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value
}
