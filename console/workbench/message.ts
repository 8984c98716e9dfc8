import { prettyJson } from '../catalog/payload/pretty-json.js'
import type { LogEntry } from '../log/log-types.js'
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

/** The message of an entry of the log: what was sent, to be sent again. */
export function messageOf({ sessions }: Workspace, { identity, address, event, text }: LogEntry): Message {
  const lanes =
    sessions
      .getSnapshot()
      .find(({ number }) => number === identity)
      ?.lanes.getSnapshot() ?? []
  const { name = address, params = {} } = lanes.find((lane) => lane.address === address) ?? {}
  const args: unknown[] = JSON.parse(text)
  return {
    name,
    event,
    text: args.length === 0 ? '' : prettyJson(args.length === 1 ? args[0] : args),
    params: Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)])),
  }
}

/** Whether the namespace and the event of a selection exist. */
export function isThere({ description }: Pick<Workspace, 'description'>, selection: Selection): boolean {
  const namespaces = description.getSnapshot().namespaces
  if (!('name' in selection) || selection.view === 'plain') return true
  const namespace = namespaces.find(({ name }) => name === selection.name)
  if (!namespace || selection.view === 'namespace') return namespace !== undefined
  return Object.hasOwn(selection.view === 'event' ? namespace.events : namespace.emits, selection.event)
}
