import { NAMESPACE } from '../application.js'
import type { Dialect } from '../dialect.js'
import type { Scenario } from '../scenarios.js'
import { join, type LoadConnection, openConnection } from './load-connection.js'

/*
 * The interface of a load, and what several loads share.
 */

export interface Job {
  readonly port: number
  readonly dialect: Dialect
  readonly hasEnvelope: boolean
  readonly scenario: Scenario
}

export interface Load {
  /** Connects and joins with all sockets, and checks that an invalid message is refused. */
  open(): Promise<void>
  /** Sends for `sliceMs` milliseconds. Resolves, after the last answer, to the number of answers. */
  run(sliceMs: number): Promise<number>
  /** Milliseconds from each message to its answer; the reader empties it. */
  readonly latencies: number[]
}

/** Opens connections and joins, 50 at a time, because the server's backlog is limited. */
export async function openConnections({ port, dialect, scenario }: Job): Promise<LoadConnection[]> {
  const connections: LoadConnection[] = []
  const seats = Array.from({ length: scenario.sockets }, (_, seat) => seat)
  while (seats.length > 0) {
    const some = seats.splice(0, 50).map(async (seat) => {
      const connection = await openConnection({ port, dialect, seat })
      if (dialect.hasEngine) await join(connection, NAMESPACE)
      return connection
    })
    connections.push(...(await Promise.all(some)))
  }
  return connections
}

/** Returns a function that reads an ack: the ack itself, or the data in its envelope. */
export function unwrap({ hasEnvelope }: Job): (ack: unknown) => unknown {
  if (!hasEnvelope) return (ack) => ack
  return (ack) => {
    const { ok, data } = ack as { ok: boolean; data: unknown }
    return ok ? data : ack
  }
}
