import type { RetainOptions } from './retain-options.js'

/*
 * The keys of an emit that bound how many of it wait for a client that reads slowly.
 */

/** How many of an emit wait for a slow reader. Without either key all do, up to `limits.bytesWaiting`. */
export interface WaitingOptions<Payload> extends RetainOptions<Payload> {
  /**
   * Names what a payload is about. While what was sent to a client waits, only the newest emit of each key waits with it: the older one
   * is dropped. A client that reads as fast as the server sends receives all.
   *
   * @param payload - as the client receives it. It is called on each node, only for a client that is behind
   * @returns the key; undefined for an emit that is never dropped. A throw is logged, and the emit is not dropped.
   *
   * @example
   * emits: { 'price:new': { payload: Price, conflate: ({ symbol }) => symbol } }
   */
  conflate?(payload: Payload): string | number | undefined
  /**
   * The most of this emit that wait for one client; beyond it, the oldest that waits is dropped. The client is told, by `onGap()` with
   * `'dropped'`. A whole number, 1 or more; not together with `conflate`.
   *
   * @defaultValue no limit but `limits.bytesWaiting`
   */
  dropOldest?: number
}
