import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io-client'
import type { ClientSocket, ListenersOf } from '../definition/client-types.js'
import { FST_NSP_CLIENT_MISSING } from '../shared/errors/test-errors.js'
import { FST_NSP_OPTIONS_INVALID } from '../shared/errors.js'
import { MemoryAgent } from './memory-connection.js'
import type { NextEvent } from './received-events.js'
import { createTestClient, type JoinOptions, type TestClient } from './test-client.js'

/*
 * `app.injectSocket()`: Socket.IO's own client over connections in memory, as `inject()` is for routes.
 */

const TRANSPORTS = { websocket: ['websocket'], polling: ['polling'], upgrade: ['polling', 'websocket'] }

/** The options of `app.injectSocket()`. */
export interface InjectSocketOptions extends JoinOptions {
  /**
   * Headers of every request of the connection. `host` sets the host of the server, `localhost` by default.
   * @defaultValue `{}`
   */
  headers?: Record<string, string>
  /**
   * Cookies, by name. Their values are encoded, as `inject()` does.
   * @defaultValue `{}`
   */
  cookies?: Record<string, string>
  /**
   * The query of the handshake.
   * @defaultValue `{}`
   */
  query?: Record<string, string>
  /**
   * The transport. `upgrade` begins with polling and upgrades to WebSocket, as a browser does.
   * @defaultValue `'websocket'`
   */
  transport?: 'polling' | 'websocket' | 'upgrade'
}

/** The client's socket, with the types of the definition if there is one. */
type TypedSocket<Definition> = unknown extends Definition ? Socket : ClientSocket<Definition>
type AnyListeners = Socket extends Socket<infer Listeners, infer _Emitted> ? Listeners : never

/** The result of `app.injectSocket()`: the client's socket, with methods for tests. */
export type InjectedSocket<Definition = unknown> = {
  /**
   * The payload of the next emit of this name.
   *
   * @example
   * const { text } = await client.nextEvent('message:new')
   */
  readonly nextEvent: NextEvent<unknown extends Definition ? AnyListeners : ListenersOf<Definition>>
  /**
   * Joins another namespace over the same connection.
   *
   * @param address - the address of the namespace
   * @throws as `injectSocket()` does
   */
  join<Other = unknown>(address: string, options?: JoinOptions): Promise<InjectedSocket<Other>>
  /** Leaves every namespace and closes the connection. Resolves when the connection has ended. */
  close(): Promise<void>
} & TypedSocket<Definition>

/** The options of the server that its clients need. */
export interface InjectorOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** The `parser` option of the application, if any: both ends must use the same one. */
  readonly parser: unknown
  /** Milliseconds to wait for a client to close by itself. */
  readonly closeTimeoutMs: number
}

/** Creates test clients for the server of an instance. */
export function createInjector(instance: FastifyInstance, { path, parser, closeTimeoutMs }: InjectorOptions) {
  const clients = new Set<TestClient>()

  async function createClient({ host, ...options }: ReturnType<typeof normalizeOptions>): Promise<TestClient> {
    const { Manager } = await importClient()
    await instance.ready()
    const agent = new MemoryAgent(instance.server)
    const manager = new Manager(`http://${host}`, {
      ...options,
      ...(parser !== undefined && { parser }),
      path: `${path}/`,
      agent: agent as never, // the client's types declare a string or a boolean
      autoConnect: false,
      autoUnref: true,
      reconnection: false,
    })
    const onClosed = () => void clients.delete(client)
    const client = createTestClient(manager, { agent, closeTimeoutMs, onClosed })
    clients.add(client)
    return client
  }

  return {
    /** See FastifyInstance. */
    async injectSocket<Definition>(
      address: string,
      options: InjectSocketOptions = {},
    ): Promise<InjectedSocket<Definition>> {
      const client = await createClient(normalizeOptions(options))
      try {
        const socket: unknown = await client.join(address, options)
        return socket as InjectedSocket<Definition>
      } catch (error) {
        await client.close()
        throw error
      }
    },

    /** Waits until every client has closed. Call it after the server has disconnected its clients. */
    async close(): Promise<void> {
      await Promise.all([...clients].map((client) => client.end()))
    },
  }
}

async function importClient(): Promise<typeof import('socket.io-client')> {
  try {
    return await import('socket.io-client')
  } catch (cause) {
    throw Object.assign(new FST_NSP_CLIENT_MISSING(), { cause })
  }
}

function normalizeOptions({ headers = {}, cookies = {}, query = {}, transport = 'websocket' }: InjectSocketOptions) {
  if (!Object.hasOwn(TRANSPORTS, transport)) {
    throw new FST_NSP_OPTIONS_INVALID('transport', `must be polling, websocket or upgrade: got "${transport}"`)
  }
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  // The client sets `host` itself, from the URL that it is given.
  const { host = 'localhost', cookie, ...extraHeaders } = Object.fromEntries(lowered) as Record<string, string>
  const pairs = Object.entries(cookies).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  if (cookie !== undefined) pairs.unshift(cookie)
  if (pairs.length > 0) extraHeaders.cookie = pairs.join('; ')
  return { host, extraHeaders, query, transports: TRANSPORTS[transport] }
}
