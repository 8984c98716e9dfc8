import type { Socket as RawSocket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { type AnyClient, type AnyJoined, CallError, type ClientOptions, createClient } from '../../plugin/client.js'
import type { NamespacesOptions } from '../../plugin/index.js'
import { build, listen, until } from './harness.js'

/** Reconnects at once, and never polls. */
export const FAST: ClientOptions['io'] = {
  transports: ['websocket'],
  reconnectionDelay: 5,
  reconnectionDelayMax: 20,
  timeout: 60_000,
}

/** A client that is closed with its test. */
export function clientOf(t: Test, url: string, { io, ...options }: ClientOptions = {}): AnyClient {
  const client = createClient(url, { io: { ...FAST, ...io }, ...options })
  t.teardown(() => {
    client.manager.reconnection(false)
    client.close()
  })
  return client
}

/** Serves definitions. `cut` breaks every connection. */
export async function serve(
  t: Test,
  definitions: NonNullable<NamespacesOptions['namespaces']>,
  options: NamespacesOptions = {},
  prepare?: (app: FastifyInstance) => unknown,
) {
  const app = await build(t, { ...options, namespaces: definitions }, prepare)
  const connections = new Set<RawSocket>()
  let opened = 0
  app.server.on('connection', (connection: RawSocket) => {
    opened++
    connections.add(connection)
    connection.on('close', () => connections.delete(connection))
  })
  const port = await listen(app)
  return {
    app,
    port,
    url: `http://127.0.0.1:${port}`,
    /** How many connections there have been. */
    opened: () => opened,
    cut: () => {
      for (const connection of connections) connection.destroy()
    },
    client: (more?: ClientOptions) => clientOf(t, `http://127.0.0.1:${port}`, more),
  }
}

/** Resolves when a namespace has this status. */
export function untilStatus({ state }: Pick<AnyJoined, 'state'>, status: string): Promise<void> {
  return until(() => state.getSnapshot().status === status)
}

/** The error that a promise rejects with, as plain data. */
export async function failureOf(promise: Promise<unknown>) {
  const error = await promise.then(
    (value) => new Error(`it resolved with ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CallError)) throw error
  const { code, statusCode, message, details, event, cause } = error
  return { code, statusCode, message, details, event, cause }
}
