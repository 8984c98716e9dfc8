import { namesIn } from '../../../plugin/cli/scenario/variables.js'
import type { Session } from '../../session/session-types.js'
import { readSource } from '../scenario/source-value.js'
import type { Workspace } from '../workspace.js'
import type { Snippet, SnippetSubject } from './snippet-subject.js'
import { writeInjectTest, writeStockJavaScript, writeStockTypeScript } from './stock-client.js'
import { writeNodeScript, writeTypedClient } from './typed-client.js'

/** Where code is asked for. */
export interface SnippetPlace {
  readonly workspace: Workspace
  readonly session: Session
  /** Name of the namespace. */
  readonly name: string
  readonly event: string
  /** The payload as it was written; of a plain event, the list of its arguments. */
  readonly text: string
}

/** The code for what is on the screen, for each kind of client. */
export function writeSnippets(subject: SnippetSubject): readonly Snippet[] {
  return [
    { title: 'Typed client', text: writeTypedClient(subject) },
    { title: 'Socket.IO, TypeScript', text: writeStockTypeScript(subject) },
    { title: 'Socket.IO, JavaScript', text: writeStockJavaScript(subject) },
    { title: 'Test with injectSocket', text: writeInjectTest(subject) },
    { title: 'Node', text: writeNodeScript(subject) },
  ]
}

/** What code is written for. A secret is never in it: its name is. */
export function subjectOf({ workspace, session, name, event, text }: SnippetPlace, origin: string): SnippetSubject {
  const { config, externalPrefix, variables, selection, description } = workspace
  const namespace = description.getSnapshot().namespaces.find((one) => one.name === name)
  const lane = session.lanes.getSnapshot().findLast((one) => one.name === name)
  const { auth: auths } = session.identity.getSnapshot()
  const authText = Object.hasOwn(auths, name) ? auths[name] : auths['']
  const auth = readSource(variables.redact(authText ?? ''))
  const sent = readSource(variables.redact(text))
  const kind = kindOf()
  const args = sent === undefined || kind === 'emit' ? [] : kind === 'plain' ? [sent.value].flat() : [sent.value]
  const { current, all } = variables.environments.getSnapshot()
  const { values = {}, secrets = {} } = all.find((one) => one.name === current) ?? {}
  const bare = [...(sent?.bare ?? []), ...(auth?.bare ?? [])]
  return {
    url: origin,
    path: externalPrefix + config.path,
    name,
    address: lane?.address ?? name,
    params: lane?.params ?? {},
    event,
    kind,
    args,
    ...(Object.keys(Object(auth?.value)).length > 0 && { auth: auth?.value }),
    variables: [...new Set(namesIn([auth?.value, args]))].map((variable) => {
      const text = Object.hasOwn(values, variable) ? values[variable] : undefined
      const value = text !== undefined && bare.includes(variable) ? (readSource(text)?.value ?? text) : text
      const isSecret = Object.hasOwn(secrets, variable)
      return { name: variable, isSecret, ...(value !== undefined && !isSecret && { value }) }
    }),
  }

  function kindOf(): SnippetSubject['kind'] {
    const isEmit = selection.getSnapshot().view === 'emit'
    const emit = isEmit && namespace && Object.hasOwn(namespace.emits, event) ? namespace.emits[event] : undefined
    if (emit) return emit.reply ? 'ask' : 'emit'
    const described = namespace && Object.hasOwn(namespace.events, event) ? namespace.events[event] : undefined
    if (!described) return 'plain'
    return described.stream ? 'stream' : 'call'
  }
}
