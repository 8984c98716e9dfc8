import type { Dispatch } from '../event-run.js'
import type { RefusalRules } from './event-refusals.js'
import type { Drain } from './in-flight.js'

/** What all gates of a namespace share. */
export interface GateRules extends RefusalRules {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly drain: Drain
  readonly isSequential: boolean
  /** Whether packets are texts of Socket.IO's own parser. */
  readonly isText: boolean
  /** Whether any of the events is a stream. */
  readonly hasStreams: boolean
}
