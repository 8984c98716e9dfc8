/*
 * Socket.IO calls `new` with what it got as an adapter. Its types allow any function.
 */

/** A constructor of adapters for a class, a function, or an arrow function, which can't be called with `new`. */
export function toConstructor(adapter: unknown): unknown {
  if (typeof adapter !== 'function' || isConstructor(adapter)) return adapter
  return function createAdapter(namespace: unknown) {
    return Reflect.apply(adapter, undefined, [namespace])
  }
}

/** The options of a Socket.IO server, with a constructor for an adapter that is an arrow function. */
export function withConstructor<Options extends { readonly adapter?: unknown }>(options: Options): Options {
  return options.adapter === undefined ? options : { ...options, adapter: toConstructor(options.adapter) }
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
