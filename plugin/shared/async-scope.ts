import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/*
 * AsyncLocalStorage for joining hooks and their socket: each connect runs in a scope of its own, and the handlers of its
 * socket run in that scope. The namespaces of one connection do not see each other's stores.
 */

/** A captured state of all AsyncLocalStorage stores, in which a function can run. */
export type Scope = Pick<AsyncResource, 'runInAsyncScope'>

const NAME = 'fastify-namespaces'
const OPTIONS = { requireManualDestroy: true }

const base = new AsyncResource(NAME, OPTIONS)
const idKeys = findIdKeys()
const canTell = readsStores()

/** Runs a function with the stores as they were when this file was loaded. Stores that the function enters do not leak out. */
export function isolate(call: () => void): void {
  base.runInAsyncScope(() => new AsyncResource(NAME, OPTIONS)).runInAsyncScope(call)
}

/**
 * Captures the current stores.
 *
 * @returns the scope, or undefined if no store is set: running each event in a scope costs time
 */
export function captureScope(): Scope | undefined {
  const scope = new AsyncResource(NAME, OPTIONS)
  return !canTell || isFilled(scope) ? scope : undefined
}

/** Whether a store is set. Node.js keeps the stores in symbol properties of a resource; {@link readsStores} checks that. */
function isFilled(scope: AsyncResource): boolean {
  return Object.getOwnPropertySymbols(scope).some(
    (key) => !idKeys.has(key) && Reflect.get(scope, key) !== Reflect.get(base, key),
  )
}

/** The properties that differ between two resources with the same stores, such as the async id. */
function findIdKeys(): ReadonlySet<symbol> {
  const inner = base.runInAsyncScope(() => new AsyncResource(NAME, OPTIONS))
  const differs = (key: symbol) => Reflect.get(inner, key) !== Reflect.get(base, key)
  return new Set(Object.getOwnPropertySymbols(inner).filter(differs))
}

/** Whether {@link isFilled} works on this version of Node.js. If not, every scope is captured. */
function readsStores(): boolean {
  const storage = new AsyncLocalStorage()
  const isSeen = storage.run(1, () => isFilled(new AsyncResource(NAME, OPTIONS)))
  storage.disable()
  return isSeen
}

/** Calls a function of the application in a scope; without a scope, directly. */
export function applyIn(
  scope: Scope | undefined,
  call: (...args: never[]) => unknown,
  self: unknown,
  args: unknown[],
): unknown {
  return scope ? scope.runInAsyncScope(call as () => unknown, self, ...(args as [])) : Reflect.apply(call, self, args)
}

/** Calls a method in a scope; without a scope, directly. */
export function callIn<Self, Argument, Result>(
  scope: Scope | undefined,
  method: (this: Self, argument: Argument) => Result,
  self: Self,
  argument: Argument,
): Result {
  return scope ? scope.runInAsyncScope(method, self, argument) : method.call(self, argument)
}
