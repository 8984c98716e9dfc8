import { NAMESPACE, namespacesOf } from '../application.js'
import type { Job, Load } from './job.js'
import { join, type LoadConnection, leave, openConnection } from './load-connection.js'

/*
 * The loads of the joining scenarios: connections that connect, join and close; or connections that stay, and join and leave.
 */

/** Repeats a step on some connections at the same time. A step returns how many operations it has done. */
function createLoad(open: () => Promise<void>, step: (seat: number) => Promise<number>, connections: number): Load {
  const latencies: number[] = []
  return {
    open,
    latencies,
    async run(sliceMs) {
      const endsAt = performance.now() + sliceMs
      let count = 0
      const repeat = async (_: unknown, seat: number) => {
        while (performance.now() < endsAt) {
          const begunAt = performance.now()
          const done = await step(seat)
          latencies.push((performance.now() - begunAt) / done)
          count += done
        }
      }
      await Promise.all(Array.from({ length: connections }, repeat))
      return count
    },
  }
}

export function createConnectLoad({ port, dialect, scenario }: Job): Load {
  async function step(seat: number): Promise<number> {
    const connection = await openConnection({ port, dialect, seat })
    await join(connection, NAMESPACE)
    connection.close()
    return 1
  }
  return createLoad(async () => void (await step(0)), step, scenario.sockets)
}

export function createJoinLoad({ port, dialect, scenario }: Job): Load {
  const [home = '', ...others] = namespacesOf(scenario)
  const connections: LoadConnection[] = []
  async function open(): Promise<void> {
    for (let seat = 0; seat < scenario.sockets; seat++) {
      const connection = await openConnection({ port, dialect, seat })
      // Stays joined: a connection that has joined no namespace for 45 seconds is closed.
      await join(connection, home)
      connections.push(connection)
    }
  }
  async function step(seat: number): Promise<number> {
    const connection = connections[seat] as LoadConnection
    for (const name of others) {
      await join(connection, name)
      leave(connection, name)
    }
    return others.length
  }
  return createLoad(open, step, scenario.sockets)
}
