import { NAMESPACE } from '../application.js'
import type { Dialect } from '../dialect.js'
import type { Scenario } from '../scenarios.js'
import { join, type Lane, openLane } from './lane.js'

/*
 * What a load is to do, and what it is asked for.
 */

export interface Job {
  readonly port: number
  readonly dialect: Dialect
  readonly hasEnvelope: boolean
  readonly scenario: Scenario
}

export interface Load {
  /** Connects and joins with all sockets, and sees that what is invalid is refused. */
  open(): Promise<void>
  /** Sends for so many milliseconds, and resolves, after the last answer, to the number of answers. */
  run(sliceMs: number): Promise<number>
  /** Milliseconds from each message to its answer; emptied by who reads it. */
  readonly latencies: number[]
}

/** Lanes that have joined, some at a time: a server has a backlog. */
export async function openLanes({ port, dialect, scenario }: Job): Promise<Lane[]> {
  const lanes: Lane[] = []
  const seats = Array.from({ length: scenario.sockets }, (_, seat) => seat)
  while (seats.length > 0) {
    const some = seats.splice(0, 50).map(async (seat) => {
      const lane = await openLane({ port, dialect, seat })
      if (dialect.hasEngine) await join(lane, NAMESPACE)
      return lane
    })
    lanes.push(...(await Promise.all(some)))
  }
  return lanes
}

/** What an ack says: itself, or what its envelope holds. */
export function unwrap({ hasEnvelope }: Job): (ack: unknown) => unknown {
  if (!hasEnvelope) return (ack) => ack
  return (ack) => {
    const { ok, data } = ack as { ok: boolean; data: unknown }
    return ok ? data : ack
  }
}
