import type { Manager, Socket } from 'socket.io-client'

/*
 * The sockets of a Manager, which has one for each address. Several clients may use one, and the application, too: the last client
 * that gives it back disconnects it, unless it was the application's.
 */

/** What Socket.IO keeps for itself. */
interface SocketCache {
  readonly nsps: Record<string, Socket>
}

interface AckCounter {
  ids: number
}

/** How many use a socket. */
const uses = new WeakMap<Socket, number>()

/** The next number of an ack. A late ack for a socket that was left is not that of an event of the next socket. */
let nextAck = 0

/** Takes the socket of an address. A new one is not connected until it gets its `auth`. */
export function takeSocket(manager: Manager, address: string): Socket {
  const known = (manager as unknown as SocketCache).nsps[address]
  const socket = manager.socket(address, { auth: () => {} })
  if (!known) (socket as unknown as AckCounter).ids = nextAck
  uses.set(socket, (uses.get(socket) ?? (known ? 1 : 0)) + 1)
  return socket
}

/** Gives a socket back. The Manager forgets what nobody uses: an address that is joined again has a new socket. */
export function giveBackSocket(manager: Manager, address: string, socket: Socket): void {
  const left = (uses.get(socket) as number) - 1
  uses.set(socket, left)
  if (left > 0) return
  socket.disconnect()
  delete (manager as unknown as SocketCache).nsps[address]
  nextAck = Math.max(nextAck, (socket as unknown as AckCounter).ids)
}
