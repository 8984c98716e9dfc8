import type { Manager, Socket } from 'socket.io-client'
import { quoteName } from '../definition/namespace-name.js'
import { FST_NSP_CLIENT_DISCONNECTED } from '../shared/errors/test-errors.js'
import { FST_NSP_NAME_INVALID } from '../shared/errors.js'
import { settlesWithin } from '../shared/timeout.js'
import type { MemoryAgent } from './memory-connection.js'
import { createReceivedEvents } from './received-events.js'

/*
 * A test client: one connection of Socket.IO's own client, and the sockets that have joined namespaces over it.
 */

/** The options of joining a namespace in a test. */
export interface JoinOptions {
  /**
   * Socket.IO's `auth` for this namespace.
   * @defaultValue `{}`
   */
  auth?: Record<string, unknown>
}

/** A connection, and the namespaces joined over it. */
export interface TestClient {
  /**
   * Joins a namespace; if it is joined already, returns its socket again. The socket has `nextEvent`, `join` and `close`.
   *
   * @throws FST_NSP_NAME_INVALID, or the client's `connect_error`
   */
  join(address: string, options?: JoinOptions): Promise<Socket>
  /** Leaves every namespace and closes the connection. Resolves when the connection has ended. */
  close(): Promise<void>
  /** Waits until the connection has ended, and destroys it after `closeTimeoutMs`. */
  end(): Promise<void>
}

interface TestClientOptions {
  /** The agent of the manager. */
  readonly agent: MemoryAgent
  readonly closeTimeoutMs: number
  readonly onClosed: () => void
}

/** `manager`: one that is not connected yet. */
export function createTestClient(manager: Manager, options: TestClientOptions): TestClient {
  const { agent, closeTimeoutMs, onClosed } = options
  const sockets = new Map<string, Socket>()

  async function join(address: string, { auth = {} }: JoinOptions = {}): Promise<Socket> {
    if (!address.startsWith('/')) {
      throw new FST_NSP_NAME_INVALID(quoteName(address), `must begin with a slash: join ${quoteName(`/${address}`)}`)
    }
    const socket = sockets.get(address) ?? manager.socket(address)
    if (!sockets.has(address)) Object.assign(socket, { nextEvent: createReceivedEvents(socket, address), join, close })
    sockets.set(address, socket)
    socket.auth = auth
    await connect(manager, socket, address)
    return socket
  }

  async function close(): Promise<void> {
    for (const socket of sockets.values()) socket.disconnect()
    await end()
  }

  async function end(): Promise<void> {
    const ended = engineClosed(manager).then(() => agent.ended())
    await settlesWithin(closeTimeoutMs, ended)
    agent.destroy()
    onClosed()
  }

  return { join, close, end }
}

function connect(manager: Manager, socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.connected) return resolve()
    socket.once('connect', resolve)
    socket.once('connect_error', (error) => reject(withStatus(error)))
    manager.once('close', (reason) => {
      // One tick later: if the last socket is refused, it closes its manager before it emits the refusal.
      process.nextTick(reject, new FST_NSP_CLIENT_DISCONNECTED(address, reason, 'connect'))
    })
    socket.connect()
  })
}

/** The error of a refused namespace has its status in `data`. That of a refused handshake has it elsewhere: copied to `data`. */
function withStatus(error: Error & { data?: unknown; description?: unknown }): Error {
  const { description } = error
  // polling: the status itself; WebSocket: an event whose message is 'Unexpected server response: 401'
  const [status] = /\d{3}$/.exec(String(Object(description).message ?? description)) ?? []
  return status === undefined ? error : Object.assign(error, { data: { statusCode: Number(status) } })
}

async function engineClosed({ engine }: Manager): Promise<void> {
  if (engine && engine.readyState !== 'closed') await new Promise((resolve) => engine.once('close', resolve))
}
