import { Manager, type Socket } from 'socket.io-client'
import { answerQuestions, readSettings } from './program.js'

/*
 * Clients that visit dynamic addresses: a process with few connections, each of which joins many addresses.
 */

export interface VisitorsSettings {
  readonly url: string
  readonly connections: number
}

/** Addresses that are joined at once. */
export interface Wave {
  readonly first: number
  readonly count: number
}

const LONGEST_MS = 60_000

const { url, connections } = readSettings<VisitorsSettings>()
const managers = Array.from(
  { length: connections },
  () => new Manager(url, { transports: ['websocket'], forceNew: true }),
)
// They keep the connections when the last addresses have been left.
const keepers = managers.map((manager, client) => manager.socket('/chat', { auth: { client } }))

/** Joins an address, and says one thing there. Resolves when it has been heard. */
function join(address: number): Promise<Socket> {
  const manager = managers[address % connections] as Manager
  const socket = manager.socket(`/orgs/${address}`)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`/orgs/${address}: nothing was heard`)), LONGEST_MS)
    socket.on('connect', () => socket.emit('say', { client: address, number: 1 }, () => {}))
    socket.on('connect_error', ({ message }) => reject(new Error(`/orgs/${address}: ${message}`)))
    socket.on('news', () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })
}

answerQuestions(undefined, {
  /** Answers when all connections are there. */
  connected: async () => {
    await Promise.all(
      keepers.map((keeper) => keeper.connected || new Promise<void>((resolve) => keeper.once('connect', resolve))),
    )
  },
  /** Visits addresses, all at once, and leaves them. */
  visit: async ({ first, count }: Wave) => {
    const sockets = await Promise.all(Array.from({ length: count }, (_, index) => join(first + index)))
    for (const socket of sockets) socket.disconnect()
  },
})
