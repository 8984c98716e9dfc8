import type { FastifyInstance } from 'fastify'
import { FST_NSP_HOOK_INVALID } from '../../shared/errors.js'
import { kindOf, suggest } from '../../shared/wording.js'
import type { AckHook, ErrorHook, EventHook, EventHooks } from '../context-types.js'

/*
 * The hooks of events, of a context, a definition or one event. Their order is that of Fastify: the hooks of the outermost
 * context run first, then those of inner contexts, of the definition, and of the event.
 */

/** Hooks in their normal form: always arrays. */
export interface NormalHooks {
  readonly onEvent: readonly EventHook[]
  readonly preValidation: readonly EventHook[]
  readonly preHandler: readonly EventHook[]
  readonly onAck: readonly AckHook[]
  readonly onError: readonly ErrorHook[]
}

export const HOOK_NAMES = ['onEvent', 'preValidation', 'preHandler', 'onAck', 'onError'] as const
export type HookName = (typeof HOOK_NAMES)[number]

const hooksOf = new WeakMap<object, Map<HookName, EventHook[]>>()

/**
 * Adds a hook to a context, for every namespace that is declared in it or in its children.
 *
 * @throws FST_NSP_HOOK_INVALID if the name is unknown or the hook is not a function
 */
export function addContextHook(context: FastifyInstance, name: HookName, hook: unknown): void {
  if (!HOOK_NAMES.includes(name)) {
    const word = String(name)
    throw new FST_NSP_HOOK_INVALID(word, `is unknown: ${suggest(word, HOOK_NAMES)}use one of ${HOOK_NAMES.join(', ')}`)
  }
  if (typeof hook !== 'function') throw new FST_NSP_HOOK_INVALID(name, `must be a function: got ${kindOf(hook)}`)
  const hooks = hooksOf.get(context) ?? new Map<HookName, EventHook[]>()
  hooks.set(name, [...(hooks.get(name) ?? []), hook as EventHook])
  hooksOf.set(context, hooks)
}

/** The hooks of a context and of its parents, the outermost first. */
export function collectContextHooks(context: FastifyInstance): NormalHooks[] {
  const collected: NormalHooks[] = []
  // A Fastify context inherits from its parent.
  for (let at: object | null = context; at !== null; at = Object.getPrototypeOf(at)) {
    const hooks = hooksOf.get(at)
    if (hooks) collected.unshift(toNormalHooks(Object.fromEntries(hooks)))
  }
  return collected
}

/** Converts hooks to their normal form. */
export function toNormalHooks(hooks: EventHooks): NormalHooks {
  const listOf = (name: HookName) => [hooks[name] ?? []].flat()
  return Object.fromEntries(HOOK_NAMES.map((name) => [name, listOf(name)])) as unknown as NormalHooks
}

/** Joins several lists of hooks, in their order. */
export function joinHooks(places: readonly NormalHooks[]): NormalHooks {
  return Object.fromEntries(
    HOOK_NAMES.map((name) => [name, places.flatMap((hooks) => hooks[name] as EventHook[])]),
  ) as unknown as NormalHooks
}
