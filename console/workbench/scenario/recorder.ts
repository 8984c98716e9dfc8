import { namesIn } from '../../../plugin/cli/scenario/variables.js'
import type { Session, SessionAction } from '../../session/session-types.js'
import { createWritable, type Readable } from '../../shared/writable.js'
import type { Workspace } from '../workspace.js'
import { createClientNames } from './client-names.js'
import { expectationOf, toAnswer } from './expectation.js'
import { createFoundCredentials } from './found-credentials.js'
import { createHeardEmits, type HeardEmit } from './heard-emits.js'
import type { RecordedStep, RecordedVariable } from './recorded-step.js'
import { readSource } from './source-value.js'

/** Records what the reader does, with every identity, as the steps of a scenario. */
export interface Recorder {
  readonly isOn: Readable<boolean>
  readonly steps: Readable<readonly RecordedStep[]>
  /** Begins with the namespaces that are joined. Steps that are there stay. */
  readonly start: () => void
  readonly stop: () => void
  /** Replaces the steps: edited, in another order, without some. */
  readonly set: (steps: readonly RecordedStep[]) => void
  /** The emits since the last step, the newest first. */
  readonly heard: () => readonly HeardEmit[]
  /** Adds the step that expects an emit. */
  readonly expectEmit: (emit: HeardEmit) => void
  /** The variables of the steps, with the values of the environment. */
  readonly variables: () => readonly RecordedVariable[]
}

export function createRecorder({ sessions, log, variables, description }: Workspace): Recorder {
  const isOn = createWritable(false)
  const steps = createWritable<readonly RecordedStep[]>([])
  const credentials = createFoundCredentials((name) => variables.expand(`{{${name}}}`).missing.length === 0)
  const emits = createHeardEmits()
  const nameOf = createClientNames()
  const auths = new Map<string, string>()
  const bare = new Set<string>()
  let ends: (() => void)[] = []
  let nextId = 1

  const redact = (text: string) => credentials.redact(variables.redact(text))

  function add(step: Omit<RecordedStep, 'id' | 'keep'>): void {
    const answer = step.answer === undefined ? {} : { answer: toAnswer(step.answer, redact) }
    const keep = step.kind === 'expect-emit' ? 'types' : 'nothing'
    const texts = { target: redact(step.target), ...(step.code !== undefined && { code: redact(step.code) }) }
    steps.set([...steps.getSnapshot(), { ...step, ...texts, ...answer, id: nextId++, keep }])
    if (step.kind !== 'expect-emit') emits.settle()
  }

  /** What was sent: as it was written, or as the value that it had. */
  function sentOf(source: string | undefined, value: unknown): { sent?: unknown } {
    const text = redact(source ?? JSON.stringify(value) ?? '')
    const read = readSource(text)
    for (const name of read?.bare ?? []) bare.add(name)
    return read && read.value !== undefined ? { sent: read.value } : {}
  }

  function join(client: string, address: string, auth: string, error?: { readonly code: string }): void {
    if (error?.code.startsWith('NSP_CLIENT_') || (!error && auths.get(client) === auth)) return
    if (auths.has(client)) leave(client, address)
    // Credentials are found before anything is redacted: they are what later steps redact.
    const { value } = readSource(auth) ?? { value: {} }
    const hidden = credentials.hide(value)
    const sent = Object.keys(Object(hidden)).length > 0 ? sentOf(JSON.stringify(hidden), undefined) : {}
    add({ kind: 'join', client, target: address, ...sent, ...(error && { code: error.code }) })
    for (const name of readSource(auth)?.bare ?? []) bare.add(name)
    if (error) return
    auths.set(client, auth)
    emits.restart(client)
  }

  function leave(client: string, address: string): void {
    auths.delete(client)
    add({ kind: 'leave', client, target: address })
  }

  function argumentOf(action: Sending): { sent?: unknown } {
    const { kind, name, source } = action
    if (kind === 'stream') return sentOf(source, action.payload)
    const isDeclared = description.getSnapshot().namespaces.some((one) => one.name === name)
    if (isDeclared || source === undefined) return sentOf(source, action.args[0])
    // A plain event is written as the list of its arguments, of which a scenario has the first.
    const [sent] = Array(sentOf(source, undefined).sent).flat()
    return sent === undefined ? {} : { sent }
  }

  function record(action: SessionAction): void {
    const { kind, identity, address } = action
    const client = nameOf(identity, address)
    if (kind === 'join') join(client, address, action.auth, action.error)
    // What was not joined in this recording can't be repeated.
    else if (!auths.has(client)) return
    else if (kind === 'leave') leave(client, address)
    else add({ client, target: action.event, ...outcomeOf(action), ...argumentOf(action) })
  }

  function begin(session: Session): void {
    const { auth } = session.identity.getSnapshot()
    for (const { state, name, address } of session.lanes.getSnapshot()) {
      if (state.status === 'joined') join(nameOf(session.number, address), address, auth[name] ?? auth[''] ?? '{}')
    }
    ends.push(session.onAction(record))
  }

  return {
    isOn,
    steps,
    start() {
      if (isOn.getSnapshot()) return
      isOn.set(true)
      auths.clear()
      const known = new Set<Session>()
      const follow = () => {
        for (const session of sessions.getSnapshot()) if (!known.has(session)) begin(session)
        for (const session of sessions.getSnapshot()) known.add(session)
      }
      follow()
      const hear = log.onEntry((entry) => {
        const client = nameOf(entry.identity, entry.address)
        if (entry.kind === 'in' && auths.has(client) && !entry.event.startsWith('namespace:')) emits.add(client, entry)
      })
      ends.push(sessions.subscribe(follow), hear)
    },
    stop() {
      isOn.set(false)
      for (const end of ends) end()
      ends = []
    },
    set(next) {
      steps.set(next)
      // What is recorded after everything was deleted begins with its joins.
      if (next.length === 0) auths.clear()
    },
    heard: emits.newest,
    expectEmit(emit) {
      const { client, event: target, payload } = emit
      const skipped = emits.take(emit)
      add({ kind: 'expect-emit', client, target, answer: payload, ...(skipped > 0 && { skipped }) })
    },
    variables() {
      const found = new Set(
        steps.getSnapshot().flatMap((step) => namesIn([step.target, step.sent, expectationOf(step)])),
      )
      const { current, all } = variables.environments.getSnapshot()
      const { values = {}, secrets = {} } = all.find(({ name }) => name === current) ?? {}
      return [...found].map((name) => {
        const isSecret = Object.hasOwn(secrets, name) || credentials.names().includes(name)
        const value = !isSecret && Object.hasOwn(values, name) ? values[name] : undefined
        return { name, isSecret, ...(value !== undefined && { value: bare.has(name) ? readJson(value) : value }) }
      })
    },
  }
}

type Sending = Extract<SessionAction, { readonly event: string }>

/** What a step repeats, and what has come back. */
function outcomeOf(action: Sending): Pick<RecordedStep, 'kind' | 'code' | 'count' | 'answer'> {
  const { kind } = action
  if (kind === 'send') return { kind }
  if (kind === 'stream') {
    const { items, isCancelled, error } = action
    const ending = isCancelled ? { count: Math.max(items.length, 1) } : error && { code: codeOf(error) }
    // Of a longer one, not all items are known.
    return { kind, ...ending, ...(items.length < MOST_ITEMS && { answer: items }) }
  }
  const { error, acks = [] } = action.result
  if (error) return { kind, code: codeOf(error) }
  const { ok, data } = Object(acks[0])
  // An ack of another form is none for the command line.
  return ok === true ? { kind, answer: data } : { kind: 'send' }
}

const MOST_ITEMS = 20

/** The code that a test meets, too: that of a lost connection or a timeout is the client's own. */
function codeOf({ code }: { readonly code: string }): string {
  return code.startsWith('NSP_CLIENT_') ? '' : code
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
