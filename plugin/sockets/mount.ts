import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server, Socket } from 'socket.io'
import { type Contract, compileContract } from '../definition/compile-contract.js'
import { collectContextHooks, joinHooks } from '../definition/normalize/event-hooks.js'
import { PRESENCE_EMITS } from '../definition/presence/presence-emits.js'
import { requestOf } from '../engine/http/connect-request.js'
import { createDispatch } from '../events/dispatch.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { createHandle } from '../events/event-handle.js'
import type { Dispatch } from '../events/event-run.js'
import { createSocketRooms, type SocketRooms } from '../events/rooms/socket-rooms.js'
import type { DynamicNamespaces } from '../joining/namespaces/dynamic-namespaces.js'
import type { Declared, Registry } from '../joining/namespaces/registry.js'
import type { Presence } from '../presence/present-sockets.js'
import { compilersOf } from '../schema/fastify-compilers.js'
import { after } from '../shared/maybe-async.js'
import type { PlaceLeases } from '../shared/place-leases.js'
import { listen } from '../shared/safe-listeners.js'
import { feedAddress } from './feeds/address-feeds.js'
import { createFeeds } from './feeds/place-feeds.js'
import type { RunLifecycle } from './lifecycle.js'
import type { RetainedPlaces } from './retained/retained-places.js'
import { answerFollows } from './rooms/follow-requests.js'
import { watchRooms } from './rooms/watched-rooms.js'

/*
 * Compiles every definition when the instance is ready, and mounts it: in one namespace for a static name, in one for each
 * address for a dynamic name.
 */

/** A compiled definition. */
interface MountedDefinition extends Declared {
  readonly contract: Contract
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly isSequential: boolean
  readonly rooms: SocketRooms
}

export interface MountOptions {
  readonly io: Server
  readonly registry: Registry
  readonly children: Pick<DynamicNamespaces, 'adopt' | 'hold' | 'release'>
  /** Which node runs the feed of a place. */
  readonly leases: PlaceLeases
  readonly runLifecycle: RunLifecycle
  /** Who is here. */
  readonly presence: Pick<Presence, 'enter' | 'repeat' | 'leave' | 'exit'>
  readonly retained: Pick<RetainedPlaces, 'mount' | 'forget' | 'close' | 'ready' | 'join'>
  readonly emitCheck: Pick<EmitCheck, 'relay'>
  readonly log: FastifyBaseLogger
  /** Milliseconds: for events without their own. */
  readonly handlerTimeoutMs: number
  /** The limit of a packet in bytes. */
  readonly payloadBytes: number
}

export interface Mounts {
  /**
   * Compiles and mounts every definition.
   *
   * @throws FST_NSP_DEFINITION_INVALID for a bad schema
   */
  open(): void
  /** The definition that is mounted in a live namespace. */
  at(address: string): MountedDefinition | undefined
  /** Whether clients may join an address without a definition, if Socket.IO has a namespace with it. */
  isWanted(address: string): boolean
  /** The contract of an address, live or not; undefined without a definition, and before the instance is ready. */
  contractOf(address: string): Contract | undefined
  /** The contract of a definition; undefined before the instance is ready. */
  contractFor(declared: Declared): Contract | undefined
  /** Called when a live namespace was closed. */
  forget(address: string): void
  /** Ends the feeds. Resolves when they, and every running onConnect and onDisconnect, have ended. */
  close(): Promise<void>
}

export function createMounts(options: MountOptions): Mounts {
  const {
    io,
    registry,
    children,
    leases,
    runLifecycle,
    presence,
    retained,
    emitCheck,
    log,
    handlerTimeoutMs,
    payloadBytes,
  } = options
  const compiled = new Map<Declared, MountedDefinition>()
  const mounted = new Map<string, MountedDefinition>()
  const running = new Set<Promise<unknown>>()
  const feeds = createFeeds({ leases, children, now: () => performance.now() })
  // Namespaces that the application made before the instance was ready.
  const early: Namespace[] = []
  let isOpen = false

  const root = io.of('/')
  // Socket.IO always has `/`. Without a definition, clients may join it only if the application listens for `connection` there.
  const listenersOf = () => root.listenerCount('connection') + root.listenerCount('connect')
  const own = listenersOf()

  function compile(declared: Declared): MountedDefinition {
    const { name, definition, context } = declared
    const contract = compileContract(name, definition, { ...compilersOf(context, name), payloadBytes })
    const outer = [...collectContextHooks(context), definition.hooks]
    const rooms = createSocketRooms({
      rooms: contract.rooms,
      instance: context,
      namespace: name,
      timeoutMs: handlerTimeoutMs,
      ready: retained.ready,
    })
    const dispatches = [...contract.events].map(([eventName, event]): [string, Dispatch] => {
      const hooks = joinHooks([...outer, event.hooks])
      const timeoutMs = event.handlerTimeoutMs ?? handlerTimeoutMs
      const handle = createHandle(event, context, emitCheck, rooms)
      return [eventName, createDispatch({ event, hooks, instance: context, handlerTimeoutMs: timeoutMs, handle })]
    })
    return { ...declared, contract, dispatches: new Map(dispatches), isSequential: definition.sequential, rooms }
  }

  function hold(end: Promise<unknown>): void {
    running.add(end)
    void end.finally(() => running.delete(end))
  }

  function mountIn(namespace: Namespace): void {
    const declared = registry.find(namespace.name)?.entry
    const entry = declared && compiled.get(declared)
    if (!entry) return
    mounted.set(namespace.name, entry)
    if (entry.isDynamic) children.adopt(namespace)
    feedAddress(feeds, namespace, entry, log)
    retained.mount(namespace, entry.contract)
    const enterRooms = watchRooms(namespace, entry, { presence, feeds, log })
    const hasPresence = entry.definition.emits.has(PRESENCE_EMITS.state)
    const opened = (socket: Socket) => {
      if (hasPresence) answerFollows(socket, presence)
      presence.enter(socket, entry, requestOf(socket))
      enterRooms(socket)
    }
    listen(namespace, 'connection', (socket: Socket) => {
      // Before anything that onConnect emits.
      retained.join(socket)
      runLifecycle(socket, namespace, entry, hold, opened)
    })
    if (entry.contract.retained.size > 0) {
      namespace.use((_socket, next) => void after(retained.ready(namespace.name), () => next()))
    }
    log.debug({ namespace: namespace.name, events: entry.dispatches.size }, 'namespace mounted')
  }

  // An error here is thrown where the namespace is made: a namespace that is not mounted must not be joined.
  listen(root, 'new_namespace', (namespace: Namespace) => {
    if (isOpen) mountIn(namespace)
    else early.push(namespace)
  })

  return {
    open() {
      isOpen = true
      registry.close()
      for (const declared of registry.entries) compiled.set(declared, compile(declared))
      for (const namespace of [root, ...early.splice(0)]) mountIn(namespace)
      for (const { name, isDynamic } of registry.entries) if (!isDynamic) io.of(name)
    },

    at: (address) => mounted.get(address),

    isWanted: (address) => address !== '/' || mounted.has('/') || listenersOf() > own,

    contractOf(address) {
      const live = mounted.get(address)
      if (live) return live.contract
      const declared = registry.find(address)?.entry
      return declared && compiled.get(declared)?.contract
    },

    contractFor: (declared) => compiled.get(declared)?.contract,

    forget(address) {
      mounted.delete(address)
      retained.forget(address)
    },

    async close() {
      retained.close()
      await Promise.all([feeds.close(), ...running])
    },
  }
}
