import type { FastifyBaseLogger } from 'fastify'
import type { DisconnectReason, Namespace, Server, Socket } from 'socket.io'
import { createContext } from './context.js'
import { type NormalDefinition, normalizeDefinition } from './definition.js'
import { FST_NSP_ALREADY_READY, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_NAMESPACE_UNKNOWN, toWireError } from './errors.js'
import { requestOf } from './handshake.js'
import { containListeners } from './listeners.js'
import { joinPrefix, parseName } from './name.js'

/*
 * The life of a definition: declared (checked, named, entered in the registry), mounted when the instance is ready,
 * and from then on, for each socket that joins: onConnect, and onDisconnect when it has gone.
 */

/** The definitions of one server, by name; open until it is ready. */
export interface Registry {
  /**
   * Enters a definition. `path` is where the user wrote it, for errors.
   * throws FST_NSP_NAME_INVALID, FST_NSP_DEFINITION_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_ALREADY_READY.
   */
  declare(name: unknown, definition: unknown, prefix: string, path: string): void
  /** Mounts every definition on the server; the registry is closed. */
  mount(): void
  /** What was declared so far, in the order of declaration. */
  readonly definitions: ReadonlyMap<string, NormalDefinition>
  /** Resolves when the lives of all sockets so far have ended, their onConnect and onDisconnect included. */
  settled(): Promise<void>
}

export function createRegistry(io: Server, log: FastifyBaseLogger): Registry {
  const definitions = new Map<string, NormalDefinition>()
  const lives = new Set<Promise<void>>()
  let isReady = false

  // First of all middlewares, so that no listener is added before.
  const contain = (namespace: Namespace) => {
    namespace.use((socket, next) => {
      containListeners(socket, (error, event) => {
        log.error({ err: error, namespace: namespace.name, socketId: socket.id, event }, 'listener failed')
      })
      next()
    })
  }
  io.on('new_namespace', contain)
  const root = io.of('/')
  contain(root)
  // Socket.IO's `/` always exists: that nobody has asked for it must not mean that anybody may join it.
  root.use((_socket, next) => {
    const isWanted = definitions.has('/') || root.listenerCount('connection') + root.listenerCount('connect') > 0
    next(isWanted ? undefined : connectError(new FST_NSP_NAMESPACE_UNKNOWN()))
  })

  /** Runs a function of a definition; what it throws is logged. Resolves to whether it went well. */
  async function run(what: string, socket: Socket, call: () => unknown): Promise<boolean> {
    try {
      await call()
      return true
    } catch (error) {
      log.error({ err: error, namespace: socket.nsp.name, socketId: socket.id }, `${what} failed`)
      return false
    }
  }

  /** From the connection of one socket to the end of its onDisconnect. */
  async function live(socket: Socket, definition: NormalDefinition): Promise<void> {
    const context = createContext(socket, socket.nsp, requestOf(socket))
    const departure = new Promise<{ reason: DisconnectReason; rooms: ReadonlySet<string> }>((resolve) => {
      let rooms: ReadonlySet<string> = socket.rooms
      socket.on('disconnecting', () => {
        rooms = new Set(socket.rooms)
      })
      socket.on('disconnect', (reason) => resolve({ reason, rooms }))
    })
    // Called in this tick: a listener that onConnect adds at once misses nothing.
    const isConnected = await run('onConnect', socket, () => definition.onConnect?.(context))
    if (!isConnected) socket.disconnect()
    if (!definition.onDisconnect) return
    const { reason, rooms } = await departure
    await run('onDisconnect', socket, () => definition.onDisconnect?.({ ...context, reason, rooms }))
  }

  return {
    definitions,

    declare(name, definition, prefix, path) {
      const full = joinPrefix(prefix, parseName(name))
      if (isReady) throw new FST_NSP_ALREADY_READY(full)
      if (definitions.has(full)) throw new FST_NSP_NAMESPACE_DUPLICATE(full)
      definitions.set(full, normalizeDefinition(definition, path))
    },

    mount() {
      isReady = true
      for (const [name, definition] of definitions) {
        io.of(name).on('connection', (socket) => {
          const life = live(socket, definition).finally(() => lives.delete(life))
          lives.add(life)
        })
        log.debug({ namespace: name }, 'namespace mounted')
      }
    },

    async settled() {
      await Promise.all(lives)
    },
  }
}

/** An error as Socket.IO wants it in `next(error)`: its message and `data` are what the client's connect_error has. */
function connectError(error: unknown): Error {
  const { code, statusCode, message } = toWireError(error)
  return Object.assign(new Error(message), { data: { code, statusCode } })
}
