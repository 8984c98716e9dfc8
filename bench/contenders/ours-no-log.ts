import type { Scenario } from '../scenarios.js'
import { start as startOurs } from './ours.js'

/*
 * The contender `ours no log`: `ours` without a log, as bare has none.
 */

export function start(scenario: Scenario): Promise<number> {
  return startOurs(scenario, { hasLog: false })
}
