/*
 * The members of adapters that have no public type. Each is looked up, and left alone where an adapter does not have it.
 */

/** An adapter with its private members. */
export type AdapterInternals = Record<string, unknown>

type AdapterMethod = (...args: unknown[]) => unknown

/**
 * Replaces a method of an adapter, if it has one of that name.
 *
 * @param call - called with the adapter's own method, bound, and the arguments
 */
export function replaceMethod(
  adapter: AdapterInternals,
  name: string,
  call: (stock: AdapterMethod, args: unknown[]) => unknown,
): void {
  const stock = adapter[name]
  if (typeof stock !== 'function') return
  const bound: AdapterMethod = (...args) => Reflect.apply(stock, adapter, args)
  adapter[name] = (...args: unknown[]) => call(bound, args)
}
