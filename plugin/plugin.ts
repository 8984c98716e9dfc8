import type { FastifyInstance } from 'fastify'
import { speaksToOthers, warnOfAdapter } from './abilities.js'
import { guardAdapters } from './adapter-guard.js'
import { attachServer } from './attach.js'
import { createChildren } from './children.js'
import { createCodec, type Parser } from './codec.js'
import { containServer } from './containment.js'
import { settlesWithin } from './deadline.js'
import type { Decorators } from './decorators.js'
import { Dismissals } from './dismissals.js'
import { createDrain } from './drain.js'
import { checkEmits } from './emit.js'
import { createEmitCheck } from './emit-check.js'
import { createEntrance } from './entrance.js'
import { logError } from './error-log.js'
import { FST_NSP_ALREADY_REGISTERED, FST_NSP_HTTP2_ONLY, FST_NSP_IO_PRESENT } from './errors.js'
import { gateOf, receiverOf } from './gate.js'
import { createHandshake } from './handshake.js'
import { addContextHook } from './hooks.js'
import { createIdentities } from './identity.js'
import { createInjector } from './inject.js'
import { createIntake } from './intake.js'
import { createLanes } from './lanes.js'
import { createLife } from './life.js'
import { createMounts } from './mount.js'
import { type NamespacesOptions, normalizeOptions } from './options.js'
import { createPacketRates } from './packet-rates.js'
import { printNamespaces } from './print.js'
import { createReach } from './reach.js'
import { withRecovery } from './recovery-options.js'
import { createRegistry } from './registry.js'
import { findRequest } from './request.js'
import { setRosters } from './roster.js'

declare module 'fastify' {
  interface FastifyInstance extends Decorators {}
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
  const emitCheck = createEmitCheck((address) => mounts.at(address)?.contract, isStrict)
  const dismissals = new Dismissals(Date.now)
  const handshake = createHandshake(instance.routing, options, (raw) => dismissals.mark(raw))
  const rates = createPacketRates(options.limits, () => performance.now())
  const codec = createCodec({
    limits: options.limits,
    base: options.io.parser as Parser | undefined,
    textOf: emitCheck.textOf,
    receiveConnect: (...packet) => admission.receiveConnect(...packet),
    admits: rates.admits,
    forget: (connection) => admission.forget(connection),
    reportRefusal: (error, namespace) =>
      logError(instance.log, error, { namespace }, 'details of a refusal can not be sent'),
  })
  const recovery = withRecovery(options.io, {
    isWhole: (socket) => socket.recovered || gateOf(socket)?.isOpen === true,
    ownerOf(socket) {
      const request = findRequest(socket)
      return request && users.ownerOf(request)
    },
    now: () => performance.now(),
    limit: options.limits.recoveryBytes,
  })
  const io = await attachServer(instance, {
    io: { ...recovery, path: fullPath, parser: codec.parser, allowRequest: handshake.allowRequest },
    preClose: close,
  })
  io.engine.prependListener('connection', codec.expect)
  const isRecovering = options.io.connectionStateRecovery !== undefined
  if (isRecovering) warnOfAdapter(io, instance.log)
  guardAdapters({ io, emitCheck, log: instance.log })
  const children = createChildren({
    io,
    limit: options.limits.dynamicNamespaces,
    log: instance.log,
    isShared: speaksToOthers,
    forget: (address) => mounts.forget(address),
  })
  const { users, admission, readmit } = createEntrance(instance, {
    io,
    options,
    find: registry.find,
    isWanted: (address) => mounts.isWanted(address),
    children,
    dismissals,
    rates,
    meet: (socket) => identities.meet(socket),
  })
  const drain = createDrain()
  if (options.fast) setRosters(io)
  containServer({
    io,
    limits: options.limits,
    log: instance.log,
    admission,
    drain,
    rulesOf: (address) => mounts.at(address),
    openLane: (socket) => openLane(socket),
    checkEmitsOf: (socket) => checkEmits(socket, emitCheck, isRecovering),
    handlerTimeoutMs: options.handlerTimeoutMs,
    now: () => performance.now(),
  })
  // Behind containment, whose own listeners are none that a lane has to heed.
  const openLane = options.fast
    ? createLanes({ io, options: options.io, limits: options.limits, receiverOf, log: instance.log })
    : () => {}
  const isMounted = (address: string) => mounts.at(address) !== undefined
  const identities = createIdentities({ io, users, dismissals, isMounted, now: Date.now, log: instance.log })
  const mounts = createMounts({
    io,
    registry,
    children,
    live: createLife({
      readmit,
      identities,
      emitCheck,
      onConnectTimeoutMs: options.onConnectTimeoutMs,
      log: instance.log,
    }),
    log: instance.log,
    handlerTimeoutMs: options.handlerTimeoutMs,
  })
  const intake = createIntake(instance, io, { path: fullPath, isFast: options.fast, dismissals })
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
    createReach({ io, registry, children, contractOf: mounts.contractOf, emitCheck, log: instance.log }) as never,
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
    const isDrained = await drain.close(closeTimeoutMs)
    if (!isDrained) instance.log.warn('closing without waiting longer for events in flight')
    await io.close()
    const isSettled = await settlesWithin(closeTimeoutMs, mounts.settled())
    if (!isSettled) instance.log.warn('closing without waiting longer for onConnect and onDisconnect functions')
    await intake.close(closeTimeoutMs)
    await injector.close()
  }
}

function speaksOnlyHttp2({ initialConfig }: FastifyInstance): boolean {
  const { http2, https } = initialConfig
  return http2 === true && !(typeof https === 'object' && https.allowHTTP1 === true)
}
