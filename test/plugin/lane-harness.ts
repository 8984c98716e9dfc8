import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io'
import t, { type Test } from 'tap'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../plugin/index.js'
import { frame, OPCODE, WireSocket } from '../wire/wire.js'
import { build, listen } from './harness.js'

/** Private fields of a connection that show whether its fast path is open. */
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

/** One specification, with `fast` on and off: it holds for both. */
export function inBothModes(title: string, specification: (t: Test, fast: boolean) => Promise<void>): void {
  for (const fast of [true, false]) {
    t.test(`${title}, ${fast ? 'over the fast path' : 'over the regular path'}`, (t) => specification(t, fast))
  }
}

/** A server, and a client of `/chat` that is written byte by byte. */
export async function stage(
  t: Test,
  definition: AnyNamespaceDefinition,
  options: NamespacesOptions & { fast: boolean },
) {
  const app = await build(t, { ...options, namespaces: { '/chat': definition, ...options.namespaces } })
  const port = await listen(app)
  return { app, port, ...(await enter(t, app, port)) }
}

/** Another client of `/chat`, and its socket on the server. */
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

/** Whether a socket's connection uses the fast path. */
export function isLaned({ conn }: Socket): boolean {
  return Object.hasOwn(conn, 'write')
}

export function connectionOf({ conn }: Socket): Connection {
  return conn as unknown as Connection
}

/** Text frames in one chunk. */
export function piece(...texts: (string | Uint8Array)[]): Buffer {
  return Buffer.concat(texts.map((text) => (typeof text === 'string' ? frame(OPCODE.text, text) : text)))
}

/** The messages up to and including the given one, or to the end of the connection. */
export async function until(wire: WireSocket, last: string): Promise<unknown[]> {
  const messages: unknown[] = []
  for (;;) {
    const message = await wire.next()
    messages.push(message)
    if (message === last || (typeof message === 'object' && 'closed' in message)) return messages
  }
}
