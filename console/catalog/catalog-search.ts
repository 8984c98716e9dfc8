import type {
  EmitDescription,
  EventDescription,
  NamespaceDescription,
  Prose,
} from '../../plugin/definition/contract/description.js'

/** What a search has found of a namespace. */
export interface FoundNamespace {
  readonly namespace: NamespaceDescription
  readonly events: readonly (readonly [name: string, event: EventDescription])[]
  readonly emits: readonly (readonly [name: string, emit: EmitDescription])[]
}

/**
 * Searches names, summaries and tags. An event is found if each word is in its own text or in that of its namespace.
 *
 * @param query - words; an empty text finds everything
 */
export function searchCatalog(namespaces: readonly NamespaceDescription[], query: string): readonly FoundNamespace[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  return namespaces.flatMap((namespace) => {
    const own = textOf(namespace.name, namespace)
    const rest = words.filter((word) => !own.includes(word))
    const find = <Entry extends Prose>(entries: Readonly<Record<string, Entry>>) =>
      Object.entries(entries).filter(([name, entry]) => {
        const text = rest.length === 0 ? '' : textOf(name, entry)
        return rest.every((word) => text.includes(word))
      })
    const events = find(namespace.events)
    const emits = find(namespace.emits)
    return rest.length === 0 || events.length + emits.length > 0 ? [{ namespace, events, emits }] : []
  })
}

function textOf(name: string, { summary = '', tags = [] }: Prose): string {
  return [name, summary, ...tags].join(' ').toLowerCase()
}

/** Why joining a namespace may need `auth`: its schema requires some, or hooks decide. Undefined if neither. */
export function authOf({ auth, hooks }: NamespaceDescription): 'auth' | 'hooks' | undefined {
  const { required } = Object(auth?.jsonSchema)
  if (auth && (!auth.jsonSchema || (Array.isArray(required) && required.length > 0))) return 'auth'
  return Object.values(hooks).some((names) => names.length > 0) ? 'hooks' : undefined
}
