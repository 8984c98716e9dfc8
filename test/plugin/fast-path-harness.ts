import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Socket } from 'socket.io'
import t, { type Test } from 'tap'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../plugin/index.js'
import { connectionStateOf } from '../../plugin/wire/connection-state.js'
import { frame, OPCODE, WireSocket } from '../wire/wire.js'
import { build, listen } from './harness.js'

/*
 * A server and raw WebSocket clients of it, for tests that hold both on the fast path and without it.
 */

/** Private fields of the engine's socket. */
export interface Connection {
  readonly transport: { readonly name: string; readonly writable: boolean; readonly socket: object }
  readonly readyState: string
  readonly writeBuffer: readonly unknown[]
  readonly hasRefreshedPingTimeout: boolean
  write(data: string, ...rest: unknown[]): unknown
  close(): void
  on(event: string, listener: (...args: never[]) => void): unknown
  once(event: string, listener: (...args: never[]) => void): unknown
}

/** Runs a test twice: on the fast path, and with `fast: false`. */
export function inBothModes(title: string, specification: (t: Test, fast: boolean) => Promise<void>): void {
  for (const fast of [true, false]) {
    t.test(`${title}, ${fast ? 'on the fast path' : 'with fast: false'}`, (t) => specification(t, fast))
  }
}

/** Starts a server and connects a raw client to `/chat`. */
export async function stage(
  t: Test,
  definition: AnyNamespaceDefinition,
  options: NamespacesOptions & { fast: boolean },
  server: FastifyServerOptions = {},
) {
  const namespaces = { '/chat': definition, ...options.namespaces }
  const app = await build(t, { ...options, namespaces }, undefined, server)
  const port = await listen(app)
  return { app, port, ...(await enter(t, app, port)) }
}

/** Connects another raw client to `/chat`; returns it with its socket on the server. */
export async function enter(
  t: Test,
  app: FastifyInstance,
  port: number,
): Promise<{ wire: WireSocket; socket: Socket }> {
  const wire = await WireSocket.open(port)
  t.teardown(() => wire.end())
  const known = new Set(app.io.of('/chat').sockets.keys())
  await wire.join('/chat')
  const [socket] = [...app.io.of('/chat').sockets.values()].filter(({ id }) => !known.has(id))
  return { wire, socket: socket as Socket }
}

/** Whether a socket's connection is on the fast path. */
export function isFast({ conn }: Socket): boolean {
  return Boolean(connectionStateOf(conn).fastConnection)
}

export function connectionOf({ conn }: Socket): Connection {
  return conn as unknown as Connection
}

/** Joins text frames, and bytes, to one chunk. */
export function chunkOf(...texts: (string | Uint8Array)[]): Buffer {
  return Buffer.concat(texts.map((text) => (typeof text === 'string' ? frame(OPCODE.text, text) : text)))
}

/** Reads the messages up to and including `last`, or until the connection ends. */
export async function until(wire: WireSocket, last: string): Promise<unknown[]> {
  const messages: unknown[] = []
  for (;;) {
    const message = await wire.next()
    messages.push(message)
    if (message === last || (typeof message === 'object' && 'closed' in message)) return messages
  }
}
