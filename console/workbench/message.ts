import type { Selection, Workspace } from './workspace.js'

/** What the reader sends, as it was written: its variables are names. */
export interface Message {
  readonly name: string
  readonly event: string
  readonly text: string
  /** The values of the parameters of the name. */
  readonly params: Readonly<Record<string, string>>
}

/** Shows a message in its event, as a draft of every identity. It is not sent. */
export function openMessage({ selection, drafts, sessions, description }: Workspace, message: Message): void {
  const { name, event, text, params } = message
  const isDeclared = isThere({ description }, { view: 'event', name, event })
  for (const { number } of sessions.getSnapshot()) {
    if (isDeclared) drafts.set(number, name, event, { text, params })
    // The form for plain events has one draft for each address, with its event.
    else drafts.set(number, name, '', { text, params: { event } })
  }
  selection.set(isDeclared ? { view: 'event', name, event } : { view: 'plain', name })
}

/** Whether the namespace and the event of a selection exist. */
export function isThere({ description }: Pick<Workspace, 'description'>, selection: Selection): boolean {
  const namespaces = description.getSnapshot().namespaces
  if (!('name' in selection) || selection.view === 'plain') return true
  const namespace = namespaces.find(({ name }) => name === selection.name)
  if (!namespace || selection.view === 'namespace') return namespace !== undefined
  return Object.hasOwn(selection.view === 'event' ? namespace.events : namespace.emits, selection.event)
}
