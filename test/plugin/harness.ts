import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { Manager, type ManagerOptions, type Socket } from 'socket.io-client'
import type { Test } from 'tap'
import WebSocket, { type ClientOptions } from 'ws'
import namespaces, { type AnyNamespaceDefinition, type NamespacesOptions } from '../../plugin/index.js'

/** The three ways in which the stock client connects. */
export const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']] as const

/** The path and query of a first request, by transport. */
export const POLLING = '/socket.io/?EIO=4&transport=polling'
export const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket'

/** With FAST=false in the environment no test takes a shortcut, unless it says so itself: `npm run test:long-way`. */
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

/** A logger for `build`, and the lines that it has written so far, parsed. */
export function logLines() {
  const lines: Record<string, unknown>[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { lines, logger: { level: 'debug', stream } }
}

/** A client of `/chat`, its app, and the lines of the log. `declare` runs after the plugin has been registered. */
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

/** What a client is told by the namespace that refuses it. in: of `injectSocket()` or `join()`; being let in rejects. */
export async function refusal(joining: Promise<unknown>): Promise<{ message: string; data: unknown }> {
  return joining.then(
    () => {
      throw new Error('it was let in')
    },
    ({ message, data }) => ({ message, data }),
  )
}

/** Listens on loopback; returns the port. */
export async function listen(app: FastifyInstance, host = '127.0.0.1'): Promise<number> {
  await app.listen({ port: 0, host })
  return (app.server.address() as AddressInfo).port
}

/** A stock client's socket on a Manager of its own, that leaves with its test. It does not come back by itself. */
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

/** The arguments of the next event of that name. A refused connection rejects. */
export function next(socket: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    socket.once(event, (...args: unknown[]) => resolve(args))
    if (event !== 'connect_error') socket.once('connect_error', reject)
  })
}

/** Waits for a server's or an engine's event. */
export async function heard(emitter: NodeJS.EventEmitter, event: string): Promise<unknown[]> {
  return once(emitter, event)
}

/** What a server answers to a raw WebSocket handshake: 101 and its headers, or the refusal whole. */
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

/** Turns of the event loop that until() takes at once. After them it waits a millisecond a turn, and leaves the CPU to others. */
const TURNS = 200
// A test may put a clock of its own in the place of the global one.
const { setTimeout: sleep } = globalThis

/** Until a condition holds; the event loop turns in between, and tap's own timeout is the bound. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    await new Promise<void>((resolve) => void (turn < TURNS ? setImmediate(resolve) : sleep(resolve, 1)))
  }
}

/** Until nothing waits behind what was sent: something volatile would be lost. in: a socket of the server. */
export function untilDrained(socket: { conn: { transport: { writable: boolean } } }): Promise<void> {
  return until(() => socket.conn.transport.writable)
}

/** A promise and its ends. */
export function withResolvers<Value = void>() {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<Value>((...ends) => {
    ;[resolve, reject] = ends
  })
  return { promise, resolve, reject }
}
