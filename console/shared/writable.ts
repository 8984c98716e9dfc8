import { createReadable, type Readable } from '../../plugin/client/readable.js'

export type { Readable }

/** A value that the page watches and sets. */
export interface Writable<Value> extends Readable<Value> {
  readonly set: (value: Value) => void
}

/** Creates a value that can be watched: subscribers are called after each `set()` of another value. */
export function createWritable<Value>(initial: Value): Writable<Value> {
  return createReadable(initial)
}
