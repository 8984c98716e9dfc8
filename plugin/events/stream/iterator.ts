/*
 * The iterator of what the handler of a stream has returned.
 */

type ItemResult = IteratorResult<unknown, unknown>

/** Of an async generator or any other async iterable; or of an iterable that is not asynchronous. */
export interface ItemIterator {
  next(): ItemResult | PromiseLike<ItemResult>
  return?(value?: unknown): unknown
}

/** @throws TypeError if the value is no iterable */
export function iteratorOf(produced: unknown): ItemIterator {
  const iterable = Object(produced) as Partial<AsyncIterable<unknown> & Iterable<unknown>>
  const iterate = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator]
  if (typeof iterate === 'function') return Reflect.apply(iterate, produced, [])
  throw new TypeError(
    'The handler of a stream must return an iterable, so write it as an async generator: handler: async function* () { … }',
  )
}
