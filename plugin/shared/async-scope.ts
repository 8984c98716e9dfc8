import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/*
 * What the stores of AsyncLocalStorage hold: each connect begins with what they held when this file was loaded, and what
 * its hooks fill is kept for its socket. On one connection nobody sees what another one has filled.
 */

/** What the stores hold, to run a function in. */
export type Scope = Pick<AsyncResource, 'runInAsyncScope'>

const NAME = 'fastify-namespaces'
const OPTIONS = { requireManualDestroy: true }

const base = new AsyncResource(NAME, OPTIONS)
const idKeys = findIdKeys()
const canTell = readsStores()

/** Runs a function where nothing is filled; what it fills ends with it. */
export function isolate(call: () => void): void {
  base.runInAsyncScope(() => new AsyncResource(NAME, OPTIONS)).runInAsyncScope(call)
}

/** What the stores hold here; undefined where nobody has filled one: to run in it costs something with each event. */
export function captureScope(): Scope | undefined {
  const scope = new AsyncResource(NAME, OPTIONS)
  return !canTell || isFilled(scope) ? scope : undefined
}

/** Node keeps the stores in properties of a resource. Should that end, every scope is kept. */
function isFilled(scope: AsyncResource): boolean {
  return Object.getOwnPropertySymbols(scope).some(
    (key) => !idKeys.has(key) && Reflect.get(scope, key) !== Reflect.get(base, key),
  )
}

/** In what two resources differ that were made where the stores hold the same. */
function findIdKeys(): ReadonlySet<symbol> {
  const inner = base.runInAsyncScope(() => new AsyncResource(NAME, OPTIONS))
  const differs = (key: symbol) => Reflect.get(inner, key) !== Reflect.get(base, key)
  return new Set(Object.getOwnPropertySymbols(inner).filter(differs))
}

function readsStores(): boolean {
  const storage = new AsyncLocalStorage()
  const isSeen = storage.run(1, () => isFilled(new AsyncResource(NAME, OPTIONS)))
  storage.disable()
  return isSeen
}

/** Calls a function of an application in a scope, or where there is none, as it is. */
export function applyIn(
  scope: Scope | undefined,
  call: (...args: never[]) => unknown,
  self: unknown,
  args: unknown[],
): unknown {
  return scope ? scope.runInAsyncScope(call as () => unknown, self, ...(args as [])) : Reflect.apply(call, self, args)
}

/** Calls a method in a scope, or where there is none, as it is. */
export function callIn<Self, Argument, Result>(
  scope: Scope | undefined,
  method: (this: Self, argument: Argument) => Result,
  self: Self,
  argument: Argument,
): Result {
  return scope ? scope.runInAsyncScope(method, self, argument) : method.call(self, argument)
}
