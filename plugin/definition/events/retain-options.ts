/*
 * The key of an emit that keeps its last values for those who join later. Front ends read this file, too: it imports nothing.
 */

/** Which values of an emit are kept, for whoever joins later. */
export interface RetainRules<Payload> {
  /**
   * Names what a payload is about: the last value of each key is kept. It is called where the emit is sent.
   *
   * @returns the key; undefined for an emit that is not kept. A throw is logged, and the emit is not kept.
   *
   * @example
   * emits: { 'price:new': { payload: Price, retain: { key: ({ symbol }) => symbol } } }
   */
  key(payload: Payload): string | number | undefined
  /** Whether an emit removes its key, so that nobody who joins later receives it. @defaultValue never */
  isRemoval?(payload: Payload): boolean
  /**
   * How many keys are kept; beyond it, the one that was written longest ago is dropped. From 1 to 10,000.
   * @defaultValue 1_000
   */
  count?: number
  /**
   * How long values are kept after the last one of the emit was written at the same place. Milliseconds.
   * @defaultValue 604_800_000, seven days
   */
  ttlMs?: number
}

/** Which emits are given to whoever joins later. */
export interface RetainOptions<Payload> {
  /**
   * Keeps the last values of this emit to the whole namespace, or to one declared room: whoever joins it later receives them first, each with
   * a second argument `{ retained: true }`. A number: so many of the last ones, from 1 to 10,000. An object: the last one of each key.
   *
   * @defaultValue none is kept
   */
  retain?: number | RetainRules<Payload>
}

/** What a client is told of an emit beside its payload. */
export interface EmitInfo {
  /** The emit was sent before this client joined, and is given to it because the definition says `retain`. */
  readonly retained?: true
}

/** The arguments of a client's listener behind the payload. */
export type InfoArgs<Schema> = unknown extends Schema ? [] : [info?: EmitInfo]
