import type { FastifyInstance } from 'fastify'
import { deepFreeze } from '../../shared/deep-freeze.js'
import { collectContextHooks, joinHooks } from '../normalize/event-hooks.js'
import type { NormalDefinition } from '../normalize/normalize-definition.js'
import { describeContract } from './describe-contract.js'
import type { HookNames, NamespaceDescription } from './description.js'

/*
 * Describes a declared definition.
 */

/** What is described. */
interface Declaration {
  readonly name: string
  readonly isDynamic: boolean
  readonly definition: NormalDefinition
  readonly context: FastifyInstance
}

/** @param handlerTimeoutMs - that of events without their own */
export function describeDefinition(declared: Declaration, handlerTimeoutMs: number): NamespaceDescription {
  const { name, isDynamic, definition, context } = declared
  const contract = describeContract(definition, context.getSchemas())
  const events = Object.entries(contract.events).map(([event, described]) => {
    const {
      idempotency,
      handlerTimeoutMs: own,
      hooks,
    } = definition.events.get(event) as NonNullable<ReturnType<NormalDefinition['events']['get']>>
    const isIdempotent = idempotency ? { isIdempotent: true } : {}
    return [event, { ...described, ...isIdempotent, handlerTimeoutMs: own ?? handlerTimeoutMs, hooks: namesOf(hooks) }]
  })
  return deepFreeze({
    name,
    isDynamic,
    ...contract,
    events: Object.fromEntries(events) as NamespaceDescription['events'],
    hasEmits: definition.hasEmits,
    hooks: namesOf(definition.joinHooks),
    eventHooks: namesOf(joinHooks([...collectContextHooks(context), definition.hooks])),
    sequential: definition.sequential,
    contractMismatch: definition.contractMismatch,
  })
}

/** The hooks that have functions. */
function namesOf(hooks: object): HookNames {
  const lists = Object.entries(hooks) as [string, readonly { readonly name: string }[]][]
  const used = lists.filter(([, functions]) => functions.length > 0)
  return Object.fromEntries(used.map(([hook, functions]) => [hook, functions.map((one) => one.name)]))
}
