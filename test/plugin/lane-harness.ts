import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io'
import t, { type Test } from 'tap'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../plugin/index.js'
import { frame, OPCODE, WireSocket } from '../wire/wire.js'
import { build, listen } from './harness.js'

/** What is private of a connection, and tells whether a lane is open. */
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

/** One specification, with fast on and off: what it says holds for both. */
export function inBothModes(title: string, specification: (t: Test, fast: boolean) => Promise<void>): void {
  for (const fast of [true, false]) {
    t.test(`${title}, ${fast ? 'by the fast lane' : 'by the long way'}`, (t) => specification(t, fast))
  }
}

/** A server, and a client of `/chat` of which every byte is ours. */
export async function stage(
  t: Test,
  definition: AnyNamespaceDefinition,
  options: NamespacesOptions & { fast: boolean },
) {
  const app = await build(t, { ...options, namespaces: { '/chat': definition, ...options.namespaces } })
  const port = await listen(app)
  return { app, port, ...(await enter(t, app, port)) }
}

/** A further client of `/chat`, and its socket on the server. */
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

/** Whether a socket's connection goes by the fast lane. */
export function isLaned({ conn }: Socket): boolean {
  return Object.hasOwn(conn, 'write')
}

export function connectionOf({ conn }: Socket): Connection {
  return conn as unknown as Connection
}

/** Text frames in one piece. */
export function piece(...texts: (string | Uint8Array)[]): Buffer {
  return Buffer.concat(texts.map((text) => (typeof text === 'string' ? frame(OPCODE.text, text) : text)))
}

/** The messages up to that one, or to the end of the connection. */
export async function until(wire: WireSocket, last: string): Promise<unknown[]> {
  const messages: unknown[] = []
  for (;;) {
    const message = await wire.next()
    messages.push(message)
    if (message === last || (typeof message === 'object' && 'closed' in message)) return messages
  }
}
