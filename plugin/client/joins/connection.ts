import { Manager, type Socket } from 'socket.io-client'
import type { ClientOptions } from '../client-options.js'
import { startTimer } from '../timer.js'
import { giveBackSocket, takeSocket } from './shared-socket.js'

/*
 * The one connection of a client. Socket.IO closes it with the last socket that leaves, and would open another one for the next: a
 * socket that never joins keeps it open meanwhile.
 */

/** Never sent: its `auth` never calls back. */
const KEEPER = '/fastify-namespaces/keeper'

export interface ClientConnection {
  readonly manager: Manager
  /** Keeps the connection open until the function that it returns is called. */
  readonly lease: () => () => void
  /** Closes the connection now, unless another socket uses it. */
  readonly end: () => void
}

export function createConnection(url: string, { manager: given, io, idleMs = 5_000 }: ClientOptions): ClientConnection {
  const manager = given ?? new Manager(url, { ...io, autoConnect: false })
  let keeper: Socket | undefined
  let leases = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function end(): void {
    clearTimeout(timer)
    if (keeper) giveBackSocket(manager, KEEPER, keeper)
    keeper = undefined
  }

  return {
    manager,
    end,

    lease() {
      clearTimeout(timer)
      leases++
      keeper ??= takeSocket(manager, KEEPER)
      if (!keeper.active) keeper.connect()
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        leases--
        if (leases === 0 && keeper) timer = startTimer(end, idleMs)
      }
    },
  }
}
