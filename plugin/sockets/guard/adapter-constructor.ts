import { FST_NSP_OPTIONS_INVALID } from '../../shared/errors.js'

/*
 * Socket.IO calls `new` with what it got as an adapter. Its types allow any function.
 */

/** What Socket.IO calls of every adapter. */
const METHODS = ['init', 'close', 'addAll', 'del', 'delAll', 'sockets', 'socketRooms', 'broadcast', 'fetchSockets']

/** A constructor of adapters for a class, a function, or an arrow function, which can't be called with `new`. */
export function toConstructor(adapter: unknown): unknown {
  if (typeof adapter !== 'function' || isConstructor(adapter)) return adapter
  return function createAdapter(namespace: unknown) {
    return Reflect.apply(adapter, undefined, [namespace])
  }
}

/**
 * The options of a Socket.IO server, with a constructor for an adapter of any kind. It throws FST_NSP_OPTIONS_INVALID where it makes
 * none: at boot, for the root namespace.
 *
 * @param given - the options of the plugin, in which the adapter may have another path
 */
export function withConstructor<Options extends { readonly adapter?: unknown }>(
  options: Options,
  given: { readonly adapter?: unknown },
): Options {
  if (options.adapter === undefined) return options
  const construct = toConstructor(options.adapter) as new (namespace: unknown) => object
  const path = given.adapter === undefined ? 'io.adapter' : 'adapter'
  function createAdapter(namespace: unknown): object {
    const adapter = new construct(namespace)
    const missing = METHODS.find((method) => typeof Reflect.get(adapter, method) !== 'function')
    if (!missing) return adapter
    throw new FST_NSP_OPTIONS_INVALID(path, `must make an adapter of Socket.IO: what it makes has no ${missing}()`)
  }
  return { ...options, adapter: createAdapter }
}

function isConstructor(value: unknown): boolean {
  try {
    // Runs nothing of it.
    Reflect.construct(Object, [], value as typeof Object)
    return true
  } catch {
    return false
  }
}
