import type { Scenario } from '../scenarios.js'
import { start as startOurs } from './ours.js'

/*
 * The contender `ours fast: false`: `ours` without the fast path.
 */

export function start(scenario: Scenario): Promise<number> {
  return startOurs(scenario, { fast: false })
}
