import { namesIn } from '../../../plugin/cli/scenario/variables.js'
import { authTextOf } from '../../session/auth-text.js'
import type { Session, SessionAction } from '../../session/session-types.js'
import { createWritable, type Readable } from '../../shared/writable.js'
import type { Workspace } from '../workspace.js'
import { createClientNames } from './client-names.js'
import { expectationOf, toAnswer } from './expectation.js'
import { createFoundCredentials } from './found-credentials.js'
import { createHeardEmits, type HeardEmit } from './heard-emits.js'
import { outcomeOf, type Sending } from './outcome.js'
import type { RecordedStep, RecordedVariable } from './recorded-step.js'
import { readSource } from './source-value.js'

/** Records what the reader does, with every identity, as the steps of a scenario. */
export interface Recorder {
  readonly isOn: Readable<boolean>
  readonly steps: Readable<readonly RecordedStep[]>
  /** Goes on where it was stopped; what was joined or left meanwhile becomes a step. */
  readonly start: () => void
  readonly stop: () => void
  /** Replaces the steps: edited, in another order, without some. */
  readonly set: (steps: readonly RecordedStep[]) => void
  /** The newest emits that no step expects yet, the newest first. */
  readonly heard: () => readonly HeardEmit[]
  /** Adds the step that expects an emit. */
  readonly expectEmit: (emit: HeardEmit) => void
  /** The variables of the steps, with the values of the environment. */
  readonly variables: () => readonly RecordedVariable[]
}

export function createRecorder({ sessions, log, variables, description }: Workspace): Recorder {
  const isOn = createWritable(false)
  const steps = createWritable<readonly RecordedStep[]>([])
  const credentials = createFoundCredentials((name) =>
    variables.environments.getSnapshot().all.some((one) => Object.hasOwn({ ...one.values, ...one.secrets }, name)),
  )
  const emits = createHeardEmits()
  const nameOf = createClientNames()
  // What the steps have joined, by client.
  const joined = new Map<string, { readonly address: string; readonly auth: string }>()
  const bare = new Set<string>()
  let ends: (() => void)[] = []
  let nextId = 1

  const redact = (text: string) => credentials.redact(variables.redact(text))

  function add(step: Omit<RecordedStep, 'id' | 'keep'>): void {
    const answer = step.answer === undefined ? {} : { answer: toAnswer(step.answer, redact) }
    const keep = step.kind === 'expect-emit' ? 'types' : 'nothing'
    const texts = { target: redact(step.target), ...(step.code !== undefined && { code: redact(step.code) }) }
    steps.set([...steps.getSnapshot(), { ...step, ...texts, ...answer, id: nextId++, keep }])
  }

  /** What was sent: as it was written, or as the value that it had. */
  function sentOf(source: string | undefined, value: unknown): { sent?: unknown } {
    const text = redact(source ?? JSON.stringify(value) ?? '')
    const read = readSource(text)
    for (const name of read?.bare ?? []) bare.add(name)
    return read && read.value !== undefined ? { sent: read.value } : {}
  }

  function join(client: string, address: string, auth: string, error?: { readonly code: string }): void {
    if (error?.code.startsWith('NSP_CLIENT_') || (!error && joined.get(client)?.auth === auth)) return
    if (joined.has(client)) leave(client, address)
    // Credentials are found before anything is redacted: they are what later steps redact.
    const { value } = readSource(auth) ?? { value: {} }
    const hidden = credentials.hide(value)
    const sent = Object.keys(Object(hidden)).length > 0 ? sentOf(JSON.stringify(hidden), undefined) : {}
    add({ kind: 'join', client, target: address, ...sent, ...(error && { code: error.code }) })
    for (const name of readSource(auth)?.bare ?? []) bare.add(name)
    if (!error) joined.set(client, { address, auth })
  }

  function leave(client: string, address: string): void {
    forget(client)
    add({ kind: 'leave', client, target: address })
  }

  function forget(client: string): void {
    joined.delete(client)
    emits.restart(client)
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
    if (kind === 'join') {
      join(client, address, action.auth, action.error)
      return
    }
    // Its join may have been deleted.
    const session = sessions.getSnapshot().find(({ number }) => number === identity)
    if (session && !joined.has(client)) joinLane(session, address)
    if (!joined.has(client)) return
    if (kind === 'leave') leave(client, address)
    else add({ client, target: action.event, ...outcomeOf(action), ...argumentOf(action) })
  }

  function joinLane(session: Session, address: string): void {
    const lane = session.lanes.getSnapshot().find((one) => one.address === address)
    if (lane?.state.status !== 'joined') return
    join(nameOf(session.number, address), address, authTextOf(session.identity.getSnapshot(), lane.name))
  }

  /** Joins what is joined, and leaves what is not any more. */
  function begin(session: Session): void {
    const lanes = session.lanes.getSnapshot()
    for (const [client, { address }] of joined) {
      const state = lanes.find((lane) => lane.address === address)?.state.status ?? 'left'
      if (client === nameOf(session.number, address) && (state === 'left' || state === 'refused'))
        leave(client, address)
    }
    for (const { address } of lanes) joinLane(session, address)
    ends.push(session.onAction(record))
  }

  return {
    isOn,
    steps,
    start() {
      if (isOn.getSnapshot()) return
      isOn.set(true)
      const known = new Set<Session>()
      const follow = () => {
        for (const session of sessions.getSnapshot()) if (!known.has(session)) begin(session)
        for (const session of sessions.getSnapshot()) known.add(session)
      }
      follow()
      const hear = log.onEntry((entry) => {
        const client = nameOf(entry.identity, entry.address)
        // An emit may come before its join is told.
        if (entry.kind === 'in' && !entry.event.startsWith('namespace:')) emits.add(client, entry)
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
      // Whose join was deleted has to join again.
      for (const client of joined.keys()) if (!next.some((step) => joins(step, client))) forget(client)
    },
    heard: () => emits.newest().filter(({ client }) => joined.has(client)),
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

function joins({ kind, client, code }: RecordedStep, of: string): boolean {
  return kind === 'join' && client === of && code === undefined
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
