import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io-client'
import type { ClientSocket, ListenersOf } from '../definition/client-types.js'
import { FST_NSP_CLIENT_MISSING, FST_NSP_OPTIONS_INVALID } from '../shared/errors.js'
import { MemoryAgent } from './memory-connection.js'
import type { NextEvent } from './received-events.js'
import { createStockClient, type JoinOptions, type StockClient } from './test-client.js'

/*
 * What inject() is for HTTP: the stock client, over connections in memory. No port, and nothing to close but the app.
 */

const TRANSPORTS = { websocket: ['websocket'], polling: ['polling'], upgrade: ['polling', 'websocket'] }

export interface InjectSocketOptions extends JoinOptions {
  /** Of every request of the connection. */
  headers?: Record<string, string>
  /** name -> value, encoded as inject() encodes them. */
  cookies?: Record<string, string>
  /** Of the handshake. */
  query?: Record<string, string>
  /** Default 'websocket'. 'upgrade' begins with polling and goes on with a WebSocket, as a browser does. */
  transport?: 'polling' | 'websocket' | 'upgrade'
}

/** The stock client's socket, typed if a definition's type is given. */
type StockSocket<Definition> = unknown extends Definition ? Socket : ClientSocket<Definition>
type EverythingHeard = Socket extends Socket<infer Listeners, infer _Emitted> ? Listeners : never

/** The stock client's socket, and what tests want of it. */
export type InjectedSocket<Definition = unknown> = {
  readonly nextEvent: NextEvent<unknown extends Definition ? EverythingHeard : ListenersOf<Definition>>
  /** Joins a further namespace over the same connection. Rejects as `injectSocket()` does. */
  join<Other = unknown>(address: string, options?: JoinOptions): Promise<InjectedSocket<Other>>
  /** Leaves every namespace and ends the connection. Resolves when nothing of it is left. */
  close(): Promise<void>
} & StockSocket<Definition>

interface InjectorOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** The application's own, if it has one: both ends must speak the same. */
  readonly parser: unknown
  /** Longest that a client may take to end by itself. Milliseconds. */
  readonly closeTimeoutMs: number
}

/** Makes clients of an instance's server. */
export function createInjector(instance: FastifyInstance, { path, parser, closeTimeoutMs }: InjectorOptions) {
  const clients = new Set<StockClient>()

  async function createClient({ host, ...options }: ReturnType<typeof normalizeOptions>): Promise<StockClient> {
    const { Manager } = await importClient()
    await instance.ready()
    const agent = new MemoryAgent(instance.server)
    const manager = new Manager(`http://${host}`, {
      ...options,
      ...(parser !== undefined && { parser }),
      path: `${path}/`,
      agent: agent as never, // the types know only a browser's
      autoConnect: false,
      autoUnref: true,
      reconnection: false,
    })
    const onClosed = () => void clients.delete(client)
    const client = createStockClient(manager, { agent, closeTimeoutMs, onClosed })
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

    /** To be called when the server has said goodbye: waits until every client has heard it. */
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
  // The stock client sets `host` itself, by the address that it is given.
  const { host = 'localhost', cookie, ...extraHeaders } = Object.fromEntries(lowered) as Record<string, string>
  const pairs = Object.entries(cookies).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  if (cookie !== undefined) pairs.unshift(cookie)
  if (pairs.length > 0) extraHeaders.cookie = pairs.join('; ')
  return { host, extraHeaders, query, transports: TRANSPORTS[transport] }
}
