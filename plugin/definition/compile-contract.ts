import { KEYWORDS } from '../schema/certain-to-compile.js'
import { type Compilers, compileIncoming, compileOutgoing } from '../schema/compile.js'
import { type AnySchema, type Check, isAsyncSchema } from '../schema/schema.js'
import type { Write } from '../schema/stringify.js'
import { FST_NSP_DEFINITION_INVALID } from '../shared/errors.js'
import { suggest } from '../shared/wording.js'
import type { NormalRelay } from './normalize/events/read-relay.js'
import type { NormalRetain } from './normalize/events/read-retain.js'
import type { NormalStream } from './normalize/events/read-stream.js'
import type { NormalWaiting } from './normalize/events/read-waiting.js'
import type { NormalDefinition, NormalEvent } from './normalize/normalize-definition.js'
import type { NormalRoom } from './rooms/read-rooms.js'

/*
 * Compiles the schemas of a definition to a contract: the checks and writers of each event and each emit. A contract has
 * Maps, because a client may send an event called `__proto__`.
 */

/** The stream of an event. */
export interface CompiledStream extends Omit<NormalStream, 'item'> {
  /** The check of an item. */
  readonly check: Check
  /** Writes the item that the check has returned. */
  readonly write: Write | undefined
}

/** How an event is passed on. */
export interface CompiledRelay extends NormalRelay {
  /**
   * Copies the declared part of the event's payload, which is then the emit's. Undefined if the emit is checked: its payload comes from
   * `data`, or has another schema.
   */
  readonly project: ((payload: unknown) => unknown) | undefined
  /** Writes what `project` has returned. */
  readonly write: Write | undefined
}

export interface CompiledEvent extends Omit<NormalEvent, 'payload' | 'reply' | 'stream' | 'errors' | 'relay'> {
  readonly name: string
  readonly checkPayload: Check | undefined
  /** The check of a payload that came as JSON, without binary data. */
  readonly checkJsonPayload: Check | undefined
  readonly checkReply: Check | undefined
  /** Writes the reply that checkReply has returned. */
  readonly writeReply: Write | undefined
  /** Undefined for an event with one answer. */
  readonly stream: CompiledStream | undefined
  /** Undefined for an event with a handler. */
  readonly relay: CompiledRelay | undefined
  /** The declared errors: the check of the data, by code. */
  readonly errors: ReadonlyMap<string, Check>
}

interface CompiledEmit {
  readonly checkPayload: Check | undefined
  /** Writes the payload that checkPayload has returned. */
  readonly write: Write | undefined
  readonly checkReply: Check | undefined
}

/** A declared room. */
export interface CompiledRoom extends Omit<NormalRoom, 'params'> {
  readonly checkParams: Check | undefined
}

export interface Contract {
  /** By the first segments of their patterns. */
  readonly rooms: ReadonlyMap<string, CompiledRoom>
  readonly events: ReadonlyMap<string, CompiledEvent>
  readonly emits: ReadonlyMap<string, CompiledEmit>
  /** Whether the definition has `emits`. If so, an emit that is not listed is an error. */
  readonly hasEmits: boolean
  /** How many wait for a slow reader, of the emits that say so. */
  readonly bounds: ReadonlyMap<string, NormalWaiting>
  /** The emits whose values are kept for those who join later. */
  readonly retained: ReadonlyMap<string, NormalRetain>
}

/**
 * Compiles every schema of a definition.
 *
 * @param name - the name of the namespace, for error messages
 * @throws FST_NSP_DEFINITION_INVALID naming namespace, event and path, if a schema does not compile
 */
export function compileContract(name: string, definition: NormalDefinition, compilers: Compilers): Contract {
  const at = (kind: string, event: string, key: string) => `${name} ${kind}[${JSON.stringify(event)}].${key}`
  const incoming = (schema: AnySchema | undefined, path: string) =>
    schema === undefined ? undefined : compileAt(path, () => compileIncoming(schema, compilers))
  const outgoing = (schema: AnySchema | undefined, path: string) =>
    schema === undefined ? undefined : compileAt(path, () => compileOutgoing(schema, compilers))

  /** The payload of the event has been checked. It is checked again only if the emit has another schema. */
  function compileRelay(relay: NormalRelay, payload: AnySchema | undefined, path: string): CompiledRelay {
    const { payload: sent = payload } = definition.emits.get(relay.emit) ?? {}
    if (relay.data || sent !== payload) return { ...relay, project: undefined, write: undefined }
    const { project = () => undefined, write } = outgoing(payload, path) ?? {}
    return { ...relay, project, write }
  }

  const events = [...definition.events].map(
    ([event, { payload, reply, stream, errors, relay, ...rest }]): [string, CompiledEvent] => {
      const received = incoming(payload, at('events', event, 'payload'))
      const sent = outgoing(reply, at('events', event, 'reply'))
      const details = [...errors].map(([code, schema]): [string, Check] => {
        const path = at('events', event, `errors[${JSON.stringify(code)}]`)
        return [code, compileAt(path, () => compileOutgoing(schema, compilers)).check]
      })
      return [
        event,
        {
          ...rest,
          name: event,
          checkPayload: received?.check,
          checkJsonPayload: received?.checkJson,
          checkReply: sent?.check,
          writeReply: sent?.write,
          relay: relay && compileRelay(relay, payload, at('events', event, 'payload')),
          stream: stream && compileStream(stream, at('events', event, 'stream'), compilers),
          errors: new Map(details),
        },
      ]
    },
  )
  const emits = [...definition.emits].map(([event, { payload, reply }]): [string, CompiledEmit] => {
    refuseAsync(payload, at('emits', event, 'payload'))
    const sent = outgoing(payload, at('emits', event, 'payload'))
    const answered = incoming(reply, at('emits', event, 'reply'))
    return [event, { checkPayload: sent?.check, write: sent?.write, checkReply: answered?.check }]
  })
  const bounds = [...definition.emits].filter(([, { conflate, dropOldest }]) => conflate ?? dropOldest)
  const rooms = [...definition.rooms].map(([key, { params, ...rest }]): [string, CompiledRoom] => {
    return [key, { ...rest, checkParams: incoming(params, at('rooms', rest.pattern, 'params'))?.check }]
  })
  return {
    events: new Map(events),
    emits: new Map(emits),
    rooms: new Map(rooms),
    hasEmits: definition.hasEmits,
    bounds: new Map(bounds),
    retained: new Map([...definition.emits].flatMap(([event, { retain }]) => (retain ? [[event, retain]] : []))),
  }
}

function compileStream({ item, ...rest }: NormalStream, path: string, compilers: Compilers): CompiledStream {
  return { ...rest, ...compileAt(path, () => compileOutgoing(item, compilers)) }
}

function compileAt<Compiled>(path: string, compile: () => Compiled): Compiled {
  try {
    return compile()
  } catch (error) {
    const { message } = error as Error
    // Ajv quotes an unknown keyword.
    const [, word] = /"([^"]+)"/.exec(message) ?? []
    const hint = word !== undefined && !KEYWORDS.includes(word) ? suggest(word, KEYWORDS) : ''
    throw new FST_NSP_DEFINITION_INVALID(path, `is not a valid schema: ${message}${hint && `. ${hint.trimEnd()}`}`)
  }
}

/** Refuses an asynchronous schema: later emits would overtake an emit that waits for its check. */
function refuseAsync(schema: AnySchema | undefined, path: string): void {
  if (schema === undefined || !isAsyncSchema(schema)) return
  throw new FST_NSP_DEFINITION_INVALID(
    path,
    'is asynchronous: Socket.IO sends an emit at once, so its check can not wait',
  )
}
