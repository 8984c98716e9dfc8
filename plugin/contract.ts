import { FST_NSP_DEFINITION_INVALID } from './errors.js'
import type { NormalDefinition, NormalEvent } from './normal-form.js'
import {
  type AnySchema,
  type Check,
  type CompileJsonSchema,
  compileCheck,
  compileOutgoingCheck,
  isAsyncSchema,
} from './schema.js'

/*
 * A definition's schemas, compiled: what each event and each emit is checked with. Contracts are Maps: an event from the
 * wire may be called `__proto__`.
 */

export interface CompiledEvent extends Omit<NormalEvent, 'payload' | 'reply' | 'errors'> {
  readonly name: string
  readonly checkPayload: Check | undefined
  readonly checkReply: Check | undefined
  /** The errors that clients may expect: the check of each one's data. */
  readonly errors: ReadonlyMap<string, Check>
}

interface CompiledEmit {
  readonly checkPayload: Check | undefined
  readonly checkReply: Check | undefined
}

export interface Contract {
  readonly events: ReadonlyMap<string, CompiledEvent>
  readonly emits: ReadonlyMap<string, CompiledEmit>
  /** Whether the definition lists its emits: then one that it lacks is a mistake. */
  readonly hasEmits: boolean
}

/**
 * Compiles every schema of a definition with the compiler that is given.
 * throws FST_NSP_DEFINITION_INVALID naming namespace, event and path, for a schema that does not compile.
 */
export function compileContract(name: string, definition: NormalDefinition, compile: CompileJsonSchema): Contract {
  const at = (kind: string, event: string, key: string) => `${name} ${kind}[${JSON.stringify(event)}].${key}`

  const compileAt = (schema: AnySchema | undefined, path: string, toCheck: typeof compileCheck): Check | undefined => {
    if (schema === undefined) return undefined
    try {
      return toCheck(schema, compile)
    } catch (error) {
      throw new FST_NSP_DEFINITION_INVALID(path, `is no valid schema: ${(error as Error).message}`)
    }
  }
  const incoming = (schema: AnySchema | undefined, path: string) => compileAt(schema, path, compileCheck)
  const outgoing = (schema: AnySchema | undefined, path: string) => compileAt(schema, path, compileOutgoingCheck)

  const events = [...definition.events].map(([event, { payload, reply, errors, ...rest }]): [string, CompiledEvent] => [
    event,
    {
      ...rest,
      name: event,
      checkPayload: incoming(payload, at('events', event, 'payload')),
      checkReply: outgoing(reply, at('events', event, 'reply')),
      errors: new Map(
        [...errors].map(([code, schema]) => [
          code,
          outgoing(schema, at('events', event, `errors[${JSON.stringify(code)}]`)) as Check,
        ]),
      ),
    },
  ])
  const emits = [...definition.emits].map(([event, { payload, reply }]): [string, CompiledEmit] => {
    refuseAsync(payload, at('emits', event, 'payload'))
    return [
      event,
      {
        checkPayload: outgoing(payload, at('emits', event, 'payload')),
        checkReply: incoming(reply, at('emits', event, 'reply')),
      },
    ]
  })
  return { events: new Map(events), emits: new Map(emits), hasEmits: definition.hasEmits }
}

/** An emit that had to wait for its check would be overtaken by later ones. */
function refuseAsync(schema: AnySchema | undefined, path: string): void {
  if (schema === undefined || !isAsyncSchema(schema)) return
  throw new FST_NSP_DEFINITION_INVALID(
    path,
    'is asynchronous: Socket.IO sends an emit at once, so its check can not wait',
  )
}
