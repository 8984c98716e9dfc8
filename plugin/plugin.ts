import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import { createAdmission } from './admission.js'
import { attachServer } from './attach.js'
import { createChildren } from './children.js'
import { createCodec, type Parser } from './codec.js'
import { createConnect } from './connect.js'
import { containServer } from './containment.js'
import { settlesWithin } from './deadline.js'
import type { AckHook, ErrorHook, EventHook, JoinSchemas, NamespaceDefinition, None, Schemas } from './definition.js'
import { createEmitCheck } from './emit.js'
import { FST_NSP_ALREADY_REGISTERED, FST_NSP_HTTP2_ONLY, FST_NSP_IO_PRESENT } from './errors.js'
import { createHandshake } from './handshake.js'
import { addContextHook } from './hooks.js'
import { createIdentities } from './identity.js'
import { createInjector, type InjectedSocket, type InjectSocketOptions } from './inject.js'
import { createIntake } from './intake.js'
import { createLife } from './life.js'
import { createMounts } from './mount.js'
import { type NamespacesOptions, normalizeOptions } from './options.js'
import { printNamespaces } from './print.js'
import { createReach, type ReachOf, type ReachParams } from './reach.js'
import { warnOfAdapter, withRecovery } from './recovery.js'
import { createRegistry } from './registry.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Socket.IO's server. Everything of its own API is there and works. */
    io: Server
    /**
     * Declares a namespace in this context, below its prefix, until the instance is ready.
     * throws FST_NSP_NAME_INVALID, FST_NSP_DEFINITION_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_ALREADY_READY.
     *
     * @example
     * app.register(async (scope) => { scope.namespace('/reports', reports) }, { prefix: '/v1' }) // -> /v1/reports
     */
    namespace<
      const Emits extends Schemas = None,
      const Answers extends Schemas = None,
      const Payloads extends Schemas = None,
      const Replies extends Schemas = None,
      const Failures extends Schemas = None,
      const Join extends JoinSchemas = None,
    >(name: string, definition: NamespaceDefinition<Emits, Answers, Payloads, Replies, Failures, Join>): this
    /**
     * Adds a hook for the events of every namespace that is declared in this context or below, also of later ones.
     * throws FST_NSP_HOOK_INVALID.
     */
    addNamespaceHook(name: 'onEvent' | 'preValidation' | 'preHandler', hook: EventHook): this
    addNamespaceHook(name: 'onAck', hook: AckHook): this
    addNamespaceHook(name: 'onError', hook: ErrorHook): this
    /**
     * A declared namespace, to emit to it from anywhere: by its definition, or by its whole name.
     * throws FST_NSP_DEFINITION_UNKNOWN, FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_PARAMS_INVALID.
     *
     * @example
     * app.namespaceOf(chat, { orgId: 42 }).to('members').emit('message:new', message)
     */
    namespaceOf<Definition>(definition: Definition, params?: ReachParams<Definition>): ReachOf<Definition>
    /**
     * Disconnects every socket of a user, in every namespace and, with an adapter, on every node; its client is told so
     * before, with the reason. Returns how many this node had.
     */
    disconnectUser(id: string | number, reason?: string): number
    /** Renders the declared namespaces as a tree, as printRoutes() does for routes. */
    printNamespaces(): string
    /**
     * Joins a namespace with the stock client, in this process and without a port: for tests, as inject() is for HTTP.
     * Rejects with the stock client's error: its `data` is what the namespace has refused with, or `{ statusCode }` of a
     * refused handshake. throws FST_NSP_CLIENT_MISSING, FST_NSP_NAME_INVALID, FST_NSP_OPTIONS_INVALID.
     *
     * @example
     * const client = await app.injectSocket<typeof chat>('/chat', { auth: { token } })
     * const { text } = await client.nextEvent('message:new')
     */
    injectSocket<Definition = unknown>(
      address: string,
      options?: InjectSocketOptions,
    ): Promise<InjectedSocket<Definition>>
  }
}

/**
 * The plugin: options in, decorators out.
 *
 * A definition goes to the registry (registry.ts), and is mounted when the instance is ready (mount.ts).
 * A handshake goes through a Fastify route (handshake.ts) to the engine, whose server attach.ts has made.
 * What needs no handshake, and every upgrade, comes in by intake.ts.
 * A connect, read by the codec, goes through the hidden route of its namespace (admission.ts, connect.ts); the socket
 * that it becomes is contained (containment.ts), and lives (life.ts) until it leaves.
 */
export async function plugin(instance: FastifyInstance, userOptions: NamespacesOptions): Promise<void> {
  if (instance.hasDecorator('namespace')) throw new FST_NSP_ALREADY_REGISTERED()
  if (instance.hasDecorator('io')) throw new FST_NSP_IO_PRESENT()
  if (speaksOnlyHttp2(instance)) throw new FST_NSP_HTTP2_ONLY()
  const options = normalizeOptions(userOptions)
  const path = (options.prefix + options.io.path).replace(/\/$/, '')
  const fullPath = instance.prefix + path

  const isStrict = process.env.NODE_ENV !== 'production'
  const registry = createRegistry(instance.initialConfig)
  const checkEmit = createEmitCheck((address) => mounts.at(address)?.contract, isStrict)
  const handshake = createHandshake(instance.routing, options)
  const codec = createCodec({
    limits: options.limits,
    base: options.io.parser as Parser | undefined,
    checkEmit,
    receiveConnect: (...packet) => admission.receiveConnect(...packet),
  })
  const recovery = withRecovery(options.io, {
    isWhole: (socket) => socket.recovered || (gateOf(socket)?.isOpen ?? true),
    now: () => performance.now(),
  })
  const io = await attachServer(instance, {
    io: { ...recovery, path: fullPath, parser: codec.parser, allowRequest: handshake.allowRequest },
    preClose: close,
  })
  io.engine.prependListener('connection', codec.expect)
  if (options.io.connectionStateRecovery) warnOfAdapter(io, instance.log)
  const children = createChildren({
    io,
    limit: options.limits.dynamicNamespaces,
    log: instance.log,
    forget: (address) => mounts.forget(address),
  })
  const admission = createAdmission({
    connect: createConnect(instance.routing),
    find: registry.find,
    children,
    encode: (packet) => io.encoder.encode(packet),
    limits: options.limits,
    timeoutMs: options.admissionTimeoutMs,
    isRecovering: options.io.connectionStateRecovery !== undefined,
    log: instance.log,
  })
  const gateOf = containServer({
    io,
    limits: options.limits,
    log: instance.log,
    admission,
    rulesOf: (address) => mounts.at(address),
    now: () => performance.now(),
  })
  const isMounted = (address: string) => mounts.at(address) !== undefined
  const identities = createIdentities({ io, userIdOf: options.userIdOf, isMounted, now: Date.now, log: instance.log })
  const mounts = createMounts({
    io,
    registry,
    children,
    live: createLife({ gateOf, readmit: admission.readmit, identities, checkEmit, log: instance.log }),
    log: instance.log,
    handlerTimeoutMs: options.handlerTimeoutMs,
  })
  const intake = createIntake(instance, io, fullPath)
  handshake.addRoutes(instance, io, path)

  const { closeTimeoutMs } = options
  const injector = createInjector(instance, { path: fullPath, parser: options.io.parser, closeTimeoutMs })

  instance.decorate('io', io)
  instance.decorate('injectSocket', injector.injectSocket)
  instance.decorate('printNamespaces', () =>
    printNamespaces(new Map(registry.entries.map(({ name, definition }) => [name, definition]))),
  )
  instance.decorate('namespace', function (this: FastifyInstance, name, definition) {
    registry.declare(name, definition, { context: this, prefix: '', path: `namespace(${JSON.stringify(name)})` })
    return this
  })
  instance.decorate(
    'namespaceOf',
    createReach({ io, registry, children, contractOf: (address) => mounts.at(address)?.contract, checkEmit }) as never,
  )
  instance.decorate('disconnectUser', identities.disconnectUser)
  instance.decorate('addNamespaceHook', function (this: FastifyInstance, name, hook) {
    addContextHook(this, name, hook)
    return this
  })
  for (const [name, definition] of Object.entries(options.namespaces)) {
    const path = `namespaces[${JSON.stringify(name)}]`
    registry.declare(name, definition, { context: instance, prefix: options.prefix, path })
  }
  instance.addHook('onReady', async () => mounts.open())

  // io.close() ends the engine and its virtual server; the http server below is Fastify's to close, after this.
  async function close(): Promise<void> {
    handshake.close()
    admission.close()
    await io.close()
    const isSettled = await settlesWithin(options.closeTimeoutMs, mounts.settled())
    if (!isSettled) instance.log.warn('closing without waiting longer for onConnect and onDisconnect functions')
    await intake.close(options.closeTimeoutMs)
    await injector.close()
  }
}

function speaksOnlyHttp2({ initialConfig }: FastifyInstance): boolean {
  const { http2, https } = initialConfig
  return http2 === true && !(typeof https === 'object' && https.allowHTTP1 === true)
}
