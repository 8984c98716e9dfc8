import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { DisconnectReason, Namespace, Server, Socket } from 'socket.io'
import type { CheckEmit } from './codec.js'
import { addConnectRoute } from './connect.js'
import { connectError, containServer, type Rules } from './containment.js'
import { ConnectionContext } from './context.js'
import { type Contract, compileContract, needsCompiler } from './contract.js'
import type { DisconnectContext } from './definition.js'
import { createDispatch } from './dispatch.js'
import { FST_NSP_ALREADY_READY, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_NAMESPACE_UNKNOWN } from './errors.js'
import { requestOf } from './handshake.js'
import { collectContextHooks, joinHooks } from './hooks.js'
import { joinPrefix, parseName } from './name.js'
import { type NormalDefinition, normalizeDefinition } from './normal-form.js'
import type { NormalOptions } from './options.js'

/*
 * The life of a definition: declared (checked, named, entered in the registry), compiled and mounted when the instance
 * is ready, and from then on, for each socket that joins: onConnect, its events, and onDisconnect when it has gone.
 */

/** Where a definition was written: its context, a prefix besides the context's, and the path for errors. */
interface Origin {
  readonly context: FastifyInstance
  readonly prefix: string
  readonly path: string
}

/** A definition that was declared. */
interface Declared {
  readonly definition: NormalDefinition
  readonly context: FastifyInstance
}

/** A definition that is mounted. */
interface Mounted extends Declared, Rules {
  readonly contract: Contract
}

export interface RegistryOptions {
  readonly io: Server
  readonly options: NormalOptions
  readonly log: FastifyBaseLogger
  readonly checkEmit: CheckEmit
}

/** The definitions of one server, by name; open until it is ready. */
export interface Registry {
  /** throws FST_NSP_NAME_INVALID, FST_NSP_DEFINITION_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_ALREADY_READY. */
  declare(name: unknown, definition: unknown, origin: Origin): void
  /** Compiles and mounts every definition; the registry is closed. throws FST_NSP_DEFINITION_INVALID for a bad schema. */
  mount(): void
  /** What was declared so far, in the order of declaration. */
  readonly definitions: ReadonlyMap<string, NormalDefinition>
  /** The contract of a mounted namespace. */
  contractOf(namespace: string): Contract | undefined
  /** Resolves when the lives of all sockets so far have ended, their onConnect and onDisconnect included. */
  settled(): Promise<void>
}

export function createRegistry({ io, options, log, checkEmit }: RegistryOptions): Registry {
  const declared = new Map<string, Declared>()
  const mounted = new Map<string, Mounted>()
  const lives = new Set<Promise<void>>()
  let isReady = false

  const gateOf = containServer({
    io,
    limits: options.limits,
    log,
    rulesOf: (name) => mounted.get(name),
    now: () => performance.now(),
  })
  const root = io.of('/')
  // Socket.IO's `/` always exists: that nobody has asked for it must not mean that anybody may join it.
  root.use((_socket, next) => {
    const isWanted = declared.has('/') || root.listenerCount('connection') + root.listenerCount('connect') > 0
    next(isWanted ? undefined : connectError(new FST_NSP_NAMESPACE_UNKNOWN()))
  })

  function mountOne(name: string, { definition, context }: Declared): void {
    // There where a schema needs it: addConnectRoute() has seen to that.
    const compile = context.validatorCompiler as NonNullable<typeof context.validatorCompiler>
    const contract = compileContract(name, definition, (schema) =>
      compile({ schema, method: 'CONNECT', url: name, httpPart: 'body' }),
    )
    const outer = [...collectContextHooks(context), definition.hooks]
    const dispatches = new Map(
      [...contract.events].map(([eventName, event]) => {
        const { handlerTimeoutMs = options.handlerTimeoutMs } = event
        const hooks = joinHooks([...outer, event.hooks])
        return [eventName, createDispatch({ event, hooks, instance: context, handlerTimeoutMs })]
      }),
    )
    const entry: Mounted = { definition, context, contract, dispatches, isSequential: definition.sequential }
    mounted.set(name, entry)
    const namespace = io.of(name)
    namespace.on('connection', (socket) => {
      const life = live(socket, namespace, entry).finally(() => lives.delete(life))
      lives.add(life)
    })
    log.debug({ namespace: name, events: dispatches.size }, 'namespace mounted')
  }

  /** From the connection of one socket to the end of its onDisconnect. */
  async function live(socket: Socket, namespace: Namespace, { definition, contract }: Mounted): Promise<void> {
    const gate = gateOf(socket)
    const context = new ConnectionContext({ socket, namespace, request: requestOf(socket), contract, checkEmit })
    const departure = new Promise<{ reason: DisconnectReason; rooms: ReadonlySet<string> }>((resolve) => {
      let rooms: ReadonlySet<string> = socket.rooms
      socket.on('disconnecting', () => {
        rooms = new Set(socket.rooms)
      })
      socket.on('disconnect', (reason) => {
        gate?.close()
        const cause = new Error(`The socket has disconnected: ${reason}`)
        for (const event of context.lives) event.abort(cause)
        resolve({ reason, rooms })
      })
    })
    // Called in this tick: a listener that onConnect adds at once misses nothing.
    const isConnected = await run('onConnect', socket, () => definition.onConnect?.(context))
    if (isConnected) gate?.open(context)
    else socket.disconnect()
    if (!definition.onDisconnect) return
    const { reason, rooms } = await departure
    const farewell = { ...context, log: context.log, reason, rooms } as DisconnectContext<unknown>
    await run('onDisconnect', socket, () => definition.onDisconnect?.(farewell))
  }

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

  return {
    get definitions() {
      return new Map([...declared].map(([name, { definition }]) => [name, definition]))
    },

    contractOf: (namespace) => mounted.get(namespace)?.contract,

    declare(name, definition, { context, prefix, path }) {
      const own = joinPrefix(prefix, parseName(name))
      const full = joinPrefix(context.prefix, own)
      if (isReady) throw new FST_NSP_ALREADY_READY(full)
      if (declared.has(full)) throw new FST_NSP_NAMESPACE_DUPLICATE(full)
      const normal = normalizeDefinition(definition, path)
      declared.set(full, { definition: normal, context })
      if (needsCompiler(normal)) addConnectRoute(context, own)
    },

    mount() {
      isReady = true
      for (const [name, entry] of declared) mountOne(name, entry)
    },

    async settled() {
      await Promise.all(lives)
    },
  }
}
