import type { Scenario } from '../scenarios.js'
import { start as startOurs } from './ours.js'

/*
 * The contender `ours conflated`: `ours`, whose emit has `conflate`.
 */

export function start(scenario: Scenario): Promise<number> {
  return startOurs(scenario, { isConflated: true })
}
