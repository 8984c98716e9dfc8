import type { FastifyInstance } from 'fastify'
import type { AnyNamespaceDefinition } from '../definition/any-definition.js'
import type { NamespacesOptions } from '../definition/normalize/plugin-options.js'
import type { ConformanceNodeSettings } from './conformance-node.js'

/*
 * The application of a node of the conformance suite: `/lobby` and `/rooms/:id`, both of one definition.
 */

/**
 * Registers the plugin with the given options and the adapter that is tested.
 *
 * @param options - of the plugin. An adapter of `io` is added to `options.io`.
 * @returns an instance that does not listen yet
 *
 * @example
 * async (options) => {
 *   const app = Fastify()
 *   await app.register(namespaces, { ...options, io: { ...options.io, adapter: createAdapter(client) } })
 *   return app
 * }
 */
export type BuildNode = (options: NamespacesOptions) => Promise<FastifyInstance>

/** What a node has seen. */
export interface RoomRecord {
  /** How often the handler of `add` has run, by key. */
  readonly runs: Map<string, number>
  /** The payloads of server-side events. */
  readonly heard: unknown[]
  /** The addresses of namespaces that were created. */
  readonly created: string[]
  /** Errors that nobody has caught. */
  readonly faults: string[]
}

/** A node without sockets keeps a session for this time, in milliseconds. */
const WAIT_MS = 60_000

function createRoom(field: string, { runs }: RoomRecord, appOf: () => FastifyInstance): AnyNamespaceDefinition<never> {
  const onEntry = ({ socket }: { socket: { join(room: string): unknown } }) => void socket.join('members')
  return {
    emits: {
      news: { payload: { type: 'object', properties: { [field]: {} }, required: [field] } },
      warm: {},
      bytes: {},
      question: { payload: { type: 'integer' }, reply: { type: 'string' } },
    },
    onConnect: onEntry,
    events: {
      join: { handler: (room: string, { socket }) => void socket.join(room) },
      keep: { handler: (kept: unknown, { socket }) => void Object.assign(socket.data as object, { kept }) },
      whoami: { handler: (_payload, { socket }) => ({ id: socket.id, rooms: [...socket.rooms], data: socket.data }) },
      add: {
        payload: { type: 'string' },
        idempotency: { key: (key: string) => key },
        handler: (key: string) => {
          const count = (runs.get(key) ?? 0) + 1
          runs.set(key, count)
          return count
        },
      },
      // Emits in the tick before a client of the same connection joins that address.
      touch: {
        handler: (id: string) =>
          void appOf()
            .namespaceOf('/rooms/:id', { id })
            .emit('news', { [field]: 'too early' }),
      },
    },
  }
}

/** The options with which a node registers the plugin. */
export function createRoomOptions(
  { field }: ConformanceNodeSettings,
  record: RoomRecord,
  appOf: () => FastifyInstance,
): NamespacesOptions {
  const room = createRoom(field, record, appOf)
  return {
    io: { connectionStateRecovery: { maxDisconnectionDuration: WAIT_MS } },
    userIdOf: ({ query }) => (query as { user?: string }).user,
    namespaces: { '/lobby': room, '/rooms/:id': room },
  }
}

/** Records server-side events and created namespaces. */
export function observe({ io }: FastifyInstance, { heard, created }: RoomRecord): void {
  io.of('/lobby').on('server-side', (payload: unknown, answer?: (reply: unknown) => void) => {
    heard.push(payload)
    answer?.(`heard ${payload}`)
  })
  io.on('new_namespace', ({ name }) => void created.push(name))
}
