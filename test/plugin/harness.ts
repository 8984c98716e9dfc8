import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { Manager, type ManagerOptions, type Socket } from 'socket.io-client'
import type { Test } from 'tap'
import WebSocket, { type ClientOptions } from 'ws'
import namespaces, { type AnyNamespaceDefinition, type NamespacesOptions } from '../../plugin/index.js'

/** The three transports with which Socket.IO's client connects. */
export const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']] as const

/** The path and query of a first request, by transport. */
export const POLLING = '/socket.io/?EIO=4&transport=polling'
export const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket'

/** With FAST=false in the environment no test uses the fast path, unless it turns it on itself: `npm run test:long-way`. */
export const MODE: Pick<NamespacesOptions, 'fast'> = process.env.FAST === 'false' ? { fast: false } : {}

/** An instance that is closed with its test. `prepare` runs before the plugin is registered. */
export async function build(
  t: Test,
  options: NamespacesOptions = { namespaces: { '/chat': {} } },
  prepare: (app: FastifyInstance) => unknown = () => {},
  server: FastifyServerOptions = {},
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(server)
  t.teardown(() => app.close())
  await prepare(app)
  await app.register(namespaces, { ...MODE, ...options })
  return app
}

/** A logger for `build`, and its log entries so far, parsed. */
export function logLines() {
  const lines: Record<string, unknown>[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { lines, logger: { level: 'debug', stream } }
}

/** A client of `/chat`, its app, and the log entries. `declare` runs after the plugin has been registered. */
export async function client(
  t: Test,
  definition: AnyNamespaceDefinition,
  options: NamespacesOptions = {},
  declare: (app: FastifyInstance) => unknown = () => {},
  server: FastifyServerOptions = {},
) {
  const { lines, logger } = logLines()
  const app = await build(t, { ...options, namespaces: { '/chat': definition } }, undefined, { logger, ...server })
  await declare(app)
  return { app, lines, socket: await app.injectSocket('/chat') }
}

/** The refusal that a client receives, from the promise of `injectSocket()` or `join()`; rejects if the client is admitted. */
export async function refusal(joining: Promise<unknown>): Promise<{ message: string; data: unknown }> {
  return joining.then(
    () => {
      throw new Error('it was let in')
    },
    ({ message, data }) => ({ message, data }),
  )
}

/** Listens on the loopback address; returns the port. */
export async function listen(app: FastifyInstance, host = '127.0.0.1'): Promise<number> {
  await app.listen({ port: 0, host })
  return (app.server.address() as AddressInfo).port
}

/** A socket of Socket.IO's client with its own Manager, disconnected with its test. It does not reconnect. */
export function join(
  t: Test,
  url: string,
  name: string,
  options: Partial<ManagerOptions> & { auth?: object } = {},
): Socket {
  const { auth, ...rest } = options
  const manager = new Manager(url, { reconnection: false, ...rest })
  const socket = manager.socket(name, auth ? { auth } : {})
  t.teardown(() => {
    manager.reconnection(false)
    socket.disconnect()
  })
  return socket
}

/** The arguments of the next event with this name. Rejects if the connection is refused. */
export function next(socket: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    socket.once(event, (...args: unknown[]) => resolve(args))
    if (event !== 'connect_error') socket.once('connect_error', reject)
  })
}

/** Waits for an event of a server or an engine. */
export async function heard(emitter: NodeJS.EventEmitter, event: string): Promise<unknown[]> {
  return once(emitter, event)
}

/** The server's response to a raw WebSocket handshake: 101 and its headers, or the complete refusal. */
export async function shake(
  url: string,
  options: ClientOptions = {},
): Promise<{ statusCode: number | undefined; headers: Record<string, unknown>; body: string }> {
  const socket = new WebSocket(url, options)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('upgrade', ({ statusCode, headers }) => {
      resolve({ statusCode, headers, body: '' })
      socket.terminate()
    })
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ statusCode: response.statusCode, headers: response.headers, body }))
    })
  })
}

/** Ticks in which until() checks without waiting. After them it waits a millisecond between checks, so that other processes get the CPU. */
const TICKS = 200
// A test may replace the global clock.
const { setTimeout: sleep } = globalThis

/** Resolves when a condition holds; tap's own timeout is the limit. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tick = 0; !holds(); tick++) {
    await new Promise<void>((resolve) => void (tick < TICKS ? setImmediate(resolve) : sleep(resolve, 1)))
  }
}

/** Resolves when everything that was sent has been flushed: before that, a volatile emit would be dropped. Takes a server's socket. */
export function untilDrained(socket: { conn: { transport: { writable: boolean } } }): Promise<void> {
  return until(() => socket.conn.transport.writable)
}

/** A promise with its resolve and reject. */
export function withResolvers<Value = void>() {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<Value>((...ends) => {
    ;[resolve, reject] = ends
  })
  return { promise, resolve, reject }
}
