import type { Scenario } from '../scenarios.js'
import { start as startOurs } from './ours.js'

/*
 * The contender `ours emits`: `ours` without streams.
 */

export function start(scenario: Scenario): Promise<number> {
  return startOurs(scenario, { isByHand: true })
}
