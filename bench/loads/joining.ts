import { NAMESPACE, namespacesOf } from '../application.js'
import type { Job, Load } from './job.js'
import { join, type Lane, leave, openLane } from './lane.js'

/*
 * The loads of the joining scenarios: connections that connect, join and close; or connections that stay, and join and leave.
 */

/** Repeats a step on some connections at the same time. A step returns how many operations it has done. */
function createLoad(open: () => Promise<void>, step: (lane: number) => Promise<number>, lanes: number): Load {
  const latencies: number[] = []
  return {
    open,
    latencies,
    async run(sliceMs) {
      const endsAt = performance.now() + sliceMs
      let count = 0
      const repeat = async (_: unknown, lane: number) => {
        while (performance.now() < endsAt) {
          const begunAt = performance.now()
          const done = await step(lane)
          latencies.push((performance.now() - begunAt) / done)
          count += done
        }
      }
      await Promise.all(Array.from({ length: lanes }, repeat))
      return count
    },
  }
}

export function createConnectLoad({ port, dialect, scenario }: Job): Load {
  async function step(seat: number): Promise<number> {
    const lane = await openLane({ port, dialect, seat })
    await join(lane, NAMESPACE)
    lane.close()
    return 1
  }
  return createLoad(async () => void (await step(0)), step, scenario.sockets)
}

export function createJoinLoad({ port, dialect, scenario }: Job): Load {
  const [home = '', ...others] = namespacesOf(scenario)
  const lanes: Lane[] = []
  async function open(): Promise<void> {
    for (let seat = 0; seat < scenario.sockets; seat++) {
      const lane = await openLane({ port, dialect, seat })
      // Stays joined: a connection that has joined no namespace for 45 seconds is closed.
      await join(lane, home)
      lanes.push(lane)
    }
  }
  async function step(index: number): Promise<number> {
    const lane = lanes[index] as Lane
    for (const name of others) {
      await join(lane, name)
      leave(lane, name)
    }
    return others.length
  }
  return createLoad(open, step, scenario.sockets)
}
