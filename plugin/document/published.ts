import type { JsonSchema, NamespaceDescription, Prose, ServerDescription } from '../definition/contract/description.js'
import type { DocumentOptions } from '../definition/normalize/document-options.js'
import { createScope, toResource, visitTargets } from './schemas/schema-scope.js'

/*
 * What of a description is published: everything but what is hidden.
 */

type PublishOptions = Pick<DocumentOptions, 'hideUntagged' | 'transform'>

/** Leaves out what is hidden: namespaces, events, emits, and the shared schemas that only these refer to. */
export function publish(
  description: ServerDescription,
  { hideUntagged, transform }: PublishOptions,
): ServerDescription {
  const namespaces = description.namespaces.flatMap((declared) => {
    const namespace = transform ? transform(declared) : declared
    if (!namespace || namespace.hide === true) return []
    const isShown = ({ hide, tags = namespace.tags ?? [] }: Prose) =>
      hide !== true && !(hideUntagged && tags.length === 0)
    const events = pick(namespace.events, isShown)
    const emits = pick(namespace.emits, isShown)
    const isWhole = events === declared.events && emits === declared.emits
    return [isWhole ? namespace : dropUnusedSchemas({ ...namespace, events, emits })]
  })
  return { ...description, namespaces }
}

function pick<Entry>(entries: Readonly<Record<string, Entry>>, isShown: (entry: Entry) => boolean): typeof entries {
  const shown = Object.entries(entries).filter(([, entry]) => isShown(entry))
  return shown.length === Object.keys(entries).length ? entries : Object.fromEntries(shown)
}

function dropUnusedSchemas(namespace: NamespaceDescription): NamespaceDescription {
  const { schemas, ...rest } = namespace
  const scope = createScope(namespace)
  const used = new Set<object>()
  const follow = (schema: object) => {
    if (used.has(schema)) return
    used.add(schema)
    visitTargets(toResource(schema), scope, ({ resource }) => follow(resource.document))
  }
  for (const schema of schemasIn(rest)) follow(schema)
  return { ...rest, schemas: pick(schemas, (schema: JsonSchema) => used.has(Object(schema))) }
}

function schemasIn({
  params,
  querystring,
  headers,
  auth,
  events,
  emits,
  rooms = {},
}: Omit<NamespaceDescription, 'schemas'>) {
  const described = [
    ...[params, querystring, headers, auth],
    ...Object.values(events).flatMap((event) => [event.payload, event.reply, event.stream?.item]),
    ...Object.values(events).flatMap(({ errors }) => Object.values(errors)),
    ...Object.values(emits).flatMap(({ payload, reply }) => [payload, reply]),
    ...Object.values(rooms).map((room) => room.params),
  ]
  return described.map((schema) => Object(schema?.jsonSchema) as object)
}
