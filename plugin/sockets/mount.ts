import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server, Socket } from 'socket.io'
import { type Contract, compileContract } from '../definition/compile-contract.js'
import { collectContextHooks, joinHooks } from '../definition/normalize/event-hooks.js'
import { createDispatch } from '../events/dispatch.js'
import type { Dispatch } from '../events/event-run.js'
import type { DynamicNamespaces } from '../joining/namespaces/dynamic-namespaces.js'
import type { Declared, Registry } from '../joining/namespaces/registry.js'
import { compilersOf } from '../schema/fastify-compilers.js'
import { listen } from '../shared/safe-listeners.js'
import type { Live } from './lifecycle.js'

/*
 * What was declared comes to life when the instance is ready: each definition is compiled, and mounted in the namespaces
 * that it stands for, one for a static name, one an address for a dynamic name.
 */

/** A definition that is compiled. */
interface Mounted extends Declared {
  readonly contract: Contract
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly isSequential: boolean
}

export interface MountOptions {
  readonly io: Server
  readonly registry: Registry
  readonly children: Pick<DynamicNamespaces, 'adopt'>
  readonly live: Live
  readonly log: FastifyBaseLogger
  /** Milliseconds: that of events without one of their own. */
  readonly handlerTimeoutMs: number
  /** Bytes that a packet may have. */
  readonly payloadBytes: number
}

export interface Mounts {
  /** Compiles and mounts every definition. throws FST_NSP_DEFINITION_INVALID for a bad schema. */
  open(): void
  /** The definition that is mounted in a live namespace. */
  at(address: string): Mounted | undefined
  /** Whether an address without a definition may be joined, where Socket.IO has a namespace of it. */
  isWanted(address: string): boolean
  /** The contract of an address, live or not; undefined until the instance is ready, and where there is no definition. */
  contractOf(address: string): Contract | undefined
  /** The contract of a definition; undefined until the instance is ready. */
  contractFor(declared: Declared): Contract | undefined
  /** One live namespace has gone. */
  forget(address: string): void
  /** Resolves when each onConnect and onDisconnect that runs has ended. */
  settled(): Promise<void>
}

export function createMounts(options: MountOptions): Mounts {
  const { io, registry, children, live, log, handlerTimeoutMs, payloadBytes } = options
  const compiled = new Map<Declared, Mounted>()
  const mounted = new Map<string, Mounted>()
  const lives = new Set<Promise<unknown>>()
  // Made by the application before the instance is ready.
  const early: Namespace[] = []
  let isOpen = false

  const root = io.of('/')
  // Socket.IO's `/` always exists: that nobody has asked for it must not mean that anybody may join it.
  const listenersOf = () => root.listenerCount('connection') + root.listenerCount('connect')
  const own = listenersOf()

  function compile(declared: Declared): Mounted {
    const { name, definition, context } = declared
    const contract = compileContract(name, definition, { ...compilersOf(context, name), payloadBytes })
    const outer = [...collectContextHooks(context), definition.hooks]
    const dispatches = [...contract.events].map(([eventName, event]): [string, Dispatch] => {
      const hooks = joinHooks([...outer, event.hooks])
      const timeoutMs = event.handlerTimeoutMs ?? handlerTimeoutMs
      return [eventName, createDispatch({ event, hooks, instance: context, handlerTimeoutMs: timeoutMs })]
    })
    return { ...declared, contract, dispatches: new Map(dispatches), isSequential: definition.sequential }
  }

  function hold(end: Promise<unknown>): void {
    lives.add(end)
    void end.finally(() => lives.delete(end))
  }

  function mountIn(namespace: Namespace): void {
    const declared = registry.find(namespace.name)?.entry
    const entry = declared && compiled.get(declared)
    if (!entry) return
    mounted.set(namespace.name, entry)
    if (entry.isDynamic) children.adopt(namespace)
    listen(namespace, 'connection', (socket: Socket) => live(socket, namespace, entry, hold))
    log.debug({ namespace: namespace.name, events: entry.dispatches.size }, 'namespace mounted')
  }

  // What fails here fails where the namespace is made: one that is not mounted must not be joined.
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
    },

    async settled() {
      await Promise.all(lives)
    },
  }
}
