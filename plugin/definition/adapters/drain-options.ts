import { closedGroup, type OptionRule, wholeNumber } from '../normalize/option-rules.js'

/*
 * The option `drain`: how a node that is about to close ends its connections.
 */

/** How `app.drainSockets()` ends connections: some at a time, so that the other nodes are not asked for all joins at once. */
export interface DrainOptions {
  /**
   * How many connections are ended at a time.
   * @defaultValue 100
   */
  batch: number
  /**
   * Milliseconds between two batches.
   * @defaultValue 100
   */
  everyMs: number
  /**
   * Each connection of a batch ends within so many milliseconds, at random.
   * @defaultValue 100
   */
  jitterMs: number
  /**
   * Milliseconds after which clients of `createClient()` come back, plus or minus what their Manager's `randomizationFactor` says. Other
   * clients come back after their own `reconnectionDelay`. With a server of one node: as long as it takes to start.
   * @defaultValue 200
   */
  retryAfterMs: number
}

const DRAIN = {
  batch: wholeNumber(1, 100),
  everyMs: wholeNumber(0, 100, 600_000),
  jitterMs: wholeNumber(0, 100, 600_000),
  retryAfterMs: wholeNumber(1, 200, 600_000),
} satisfies Record<keyof DrainOptions, OptionRule>

export const drainRule: OptionRule = { ...closedGroup(DRAIN), default: {} }
