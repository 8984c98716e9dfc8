import type { Socket } from 'socket.io-client'
import { parseDuration } from '../live/duration.js'
import { type CallResult, callEvent, openStream } from '../live/event-calls.js'
import { type ServerConnection, untilJoined } from '../live/server-connection.js'
import { createEmitInbox, type EmitInbox } from './emit-inbox.js'
import { findDifference } from './match-value.js'
import type { CallStep, ExpectEmitStep, JoinStep, ScenarioStep, SendStep, StreamStep } from './scenario.js'
import { expand, readPath } from './variables.js'

/*
 * Performs the steps of a scenario: its clients, each with a connection of its own, and its variables.
 */

/** How a step has ended. */
export interface Outcome {
  /** Why it failed; undefined if it did not. */
  readonly problem?: string
  /** What came back. */
  readonly received?: unknown
  /** The code of an error that came back. */
  readonly code?: string
}

/** Sees values before they are sent or saved: `auth` of a join, and variables. */
export type OnSecrets = (value: unknown, variable?: string) => void

export interface Actor {
  perform(step: ScenarioStep): Promise<Outcome>
  /** Whether a step is a join, and its client is still there: what was lost is forgotten, and can join again. */
  isDone(step: ScenarioStep): boolean
  /** Disconnects every client. */
  close(): void
}

interface ScenarioClient {
  readonly socket: Socket
  readonly inbox: EmitInbox
}

type Expanded<Kind> = Kind & { readonly save?: Readonly<Record<string, string>> }

const DEFAULT_CLIENT = 'client'

export function createActor(
  connection: ServerConnection,
  given: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
  onSecrets: OnSecrets = () => {},
): Actor {
  const variables = new Map(given)
  const clients = new Map<string, ScenarioClient>()
  let last = DEFAULT_CLIENT

  async function perform(step: ScenarioStep): Promise<Outcome> {
    const { line: _line, ...rest } = step
    const expanded = { ...Object(expand(rest, variables)), save: Object(rest).save } as ScenarioStep
    const timeoutMs = 'timeout' in step && step.timeout ? parseDuration(step.timeout, 'timeout') : connection.timeoutMs
    if ('join' in expanded) return join(expanded, timeoutMs)
    const name = 'leave' in expanded && typeof expanded.leave === 'string' ? expanded.leave : (expanded.client ?? last)
    const client = clients.get(name)
    if (!client) return { problem: `The client ${name} has not joined` }
    if ('leave' in expanded) {
      client.socket.disconnect()
      clients.delete(name)
      return {}
    }
    if (!client.socket.connected) return { problem: `The client ${name} has been disconnected` }
    if ('send' in expanded) return send(client, expanded)
    if ('call' in expanded) return call(client, expanded, timeoutMs)
    return 'stream' in expanded ? stream(client, expanded, timeoutMs) : expectEmit(client, expanded, timeoutMs)
  }

  async function join(
    { join: address, auth, client = DEFAULT_CLIENT, refused }: JoinStep,
    timeoutMs: number,
  ): Promise<Outcome> {
    if (clients.has(client)) return { problem: `The client ${client} has joined already: give this one another name` }
    onSecrets(auth)
    const socket = connection
      .createManager()
      .reconnection(false)
      .socket(address, { auth: { ...(auth ?? connection.auth) } })
    const inbox = createEmitInbox(socket)
    const refusal = await untilJoined(socket, timeoutMs)
    if (refusal) {
      socket.disconnect()
      const problem =
        refused === undefined ? `It is refused: ${refusal.code}: ${refusal.message}` : findDifference(refusal, refused)
      return { received: refusal, code: refusal.code, ...(problem !== undefined && { problem }) }
    }
    clients.set(client, { socket, inbox })
    last = client
    return refused === undefined ? {} : { problem: 'It is not refused' }
  }

  function send({ socket }: ScenarioClient, { send: event, payload }: SendStep): Outcome {
    socket.emit(event, ...argsOf(payload))
    return {}
  }

  async function call({ socket }: ScenarioClient, step: Expanded<CallStep>, timeoutMs: number): Promise<Outcome> {
    const envelope = await callEvent(socket, step.call, argsOf(step.payload), timeoutMs)
    return judge(step, envelope, envelope)
  }

  async function stream({ socket }: ScenarioClient, step: Expanded<StreamStep>, timeoutMs: number): Promise<Outcome> {
    const items: unknown[] = []
    const { count = Number.POSITIVE_INFINITY } = step
    const enough = new AbortController()
    const onItem = (item: unknown) => {
      if (items.length < count && items.push(item) === count) enough.abort()
    }
    const ends = AbortSignal.any([signal, enough.signal])
    const envelope = await openStream(socket, step.stream, step.payload, { onItem, signal: ends, timeoutMs })
    // What this step has cancelled has not failed.
    const end: CallResult = enough.signal.aborted ? { ok: true } : envelope
    return judge(step, { ...end, items }, end)
  }

  async function expectEmit(
    { inbox }: ScenarioClient,
    step: Expanded<ExpectEmitStep>,
    timeoutMs: number,
  ): Promise<Outcome> {
    const { 'expect-emit': event, payload: expected } = step
    const fits = (payload: unknown) => expected === undefined || findDifference(payload, expected) === undefined
    const emit = await inbox.take(event, fits, timeoutMs)
    if (emit) return saved(step, { payload: emit.args[0], args: emit.args })
    const newest = inbox.seen(event).at(-1)
    const problem = `No emit ${event} that matches within ${timeoutMs} ms`
    if (newest === undefined) return { problem }
    return { problem: `${problem}; of another: ${findDifference(newest, expected)}`, received: newest }
  }

  function judge(step: Expanded<CallStep | StreamStep>, received: object, envelope: CallResult): Outcome {
    const problem = findDifference(received, step.expect ?? { ok: true })
    const code = envelope.ok ? {} : { code: envelope.error.code }
    if (problem === undefined) return { ...saved(step, received), ...code }
    const explained =
      step.expect === undefined && !envelope.ok ? `${envelope.error.code}: ${envelope.error.message}` : problem
    return { problem: explained, received, ...code }
  }

  function saved({ save = {} }: { save?: Readonly<Record<string, string>> }, received: object): Outcome {
    for (const [variable, path] of Object.entries(save)) {
      const value = readPath(received, path)
      if (value === undefined) return { problem: `There is no ${path} to save as ${variable}`, received }
      onSecrets(value, variable)
      variables.set(variable, value)
    }
    return {}
  }

  return {
    perform,
    isDone(step) {
      if (!('join' in step)) return false
      const name = step.client ?? DEFAULT_CLIENT
      const isConnected = clients.get(name)?.socket.connected ?? false
      if (!isConnected) clients.delete(name)
      else last = name
      return isConnected
    },
    close: () => {
      for (const { socket } of clients.values()) socket.disconnect()
    },
  }
}

function argsOf(payload: unknown): unknown[] {
  return payload === undefined ? [] : [payload]
}
