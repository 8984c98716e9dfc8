import { setTimeout as wait } from 'node:timers/promises'
import type { DrainOptions } from '../definition/adapters/drain-options.js'
import type { EngineSession, EngineSessions } from './engine-sessions.js'

/*
 * Ends the connections of a node that is about to close, batch by batch. Clients see a lost connection and reconnect: to another
 * node, because this one refuses handshakes meanwhile.
 */

/**
 * Resolves when every connection has been told to end.
 *
 * @param announce - called for each connection just before
 */
export async function drainConnections(
  { all, end }: Pick<EngineSessions, 'all' | 'end'>,
  { batch, everyMs, jitterMs }: DrainOptions,
  announce: (connection: object) => void,
): Promise<void> {
  const ended = new WeakSet<EngineSession>()
  for (;;) {
    const next = all()
      .filter((session) => !ended.has(session))
      .slice(0, batch)
    if (next.length === 0) return
    await Promise.all(
      next.map(async (session) => {
        ended.add(session)
        await wait(Math.random() * jitterMs)
        announce(session)
        end(session)
      }),
    )
    await wait(everyMs)
  }
}
