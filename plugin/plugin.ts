import type { FastifyInstance } from 'fastify'
import { createAdapter, type RecoveryOf } from './adapters/create-adapter.js'
import { decorate } from './decorate.js'
import type { Decorators } from './decorators.js'
import { type NamespacesOptions, normalizeOptions } from './definition/normalize/plugin-options.js'
import { createDocument } from './document/create-document.js'
import { keepDocument } from './document/document-of.js'
import { addDocumentRoutes } from './document/routes/document-routes.js'
import { checkInstance } from './engine/check-instance.js'
import { DismissedUsers } from './engine/dismissed-users.js'
import { createHandshakeRoute } from './engine/handshake-route.js'
import { findRequest } from './engine/http/connect-request.js'
import { createRouting } from './engine/http/fastify-routing.js'
import { createOriginPolicy } from './engine/origin-policy.js'
import { logOversize } from './engine/oversize-log.js'
import { releaseSockets } from './engine/releasing-map.js'
import { createServerListeners } from './engine/server-listeners.js'
import { createSocketIoServer } from './engine/socket-io-server.js'
import { createEmitCheck } from './events/emits/check-emit.js'
import { checkEmits } from './events/emits/emit-prototype.js'
import { createDrain } from './events/gate/in-flight.js'
import { gateOf } from './events/gate/socket-gate.js'
import { createStores } from './events/once/open-stores.js'
import { createDynamicNamespaces } from './joining/namespaces/dynamic-namespaces.js'
import { createRegistry } from './joining/namespaces/registry.js'
import { createUnknownNamespaceHints } from './joining/namespaces/unknown-namespaces.js'
import { createPacketRates } from './joining/packet-rates.js'
import { createPresence } from './presence/present-sockets.js'
import { createClosing } from './server-closing.js'
import { logError } from './shared/log/error-log.js'
import { LogRates, Notices, RatedLog } from './shared/log/rated-log.js'
import { isClusterAdapter } from './sockets/adapter-features.js'
import { guardAdapters } from './sockets/adapter-guard.js'
import { createDrainNotice } from './sockets/disconnect-notice.js'
import { withConstructor } from './sockets/guard/adapter-constructor.js'
import { createIdentities } from './sockets/identities.js'
import { createJoinServer } from './sockets/join-server.js'
import { createLifecycle } from './sockets/lifecycle.js'
import { createMounts } from './sockets/mount.js'
import { connectNodes } from './sockets/nodes/other-nodes.js'
import { createOutbox } from './sockets/outbox/open-outbox.js'
import { prepareServer } from './sockets/prepare-socket.js'
import { keepSession } from './sockets/recovery/keep-session.js'
import { withRecovery } from './sockets/recovery/recovery-options.js'
import { createRetainedPlaces } from './sockets/retained/retained-places.js'
import { createInjectSocket } from './testing/load-inject-socket.js'
import { createFastPath } from './wire/fast/fast-path.js'
import { chooseWsEngine } from './wire/fast/ws-engine.js'
import { createCodec, type Parser } from './wire/packet-codec.js'
import { batchWrites } from './wire/write-batch.js'

declare module 'fastify' {
  interface FastifyInstance extends Decorators {}
}

/**
 * Assembles the plugin. The registry keeps each definition (joining/namespaces/registry.ts) until the instance is ready and
 * mounts them (sockets/mount.ts). A handshake is a Fastify route (engine/handshake-route.ts). A connect is a request to the
 * namespace's hidden route (joining/admission.ts); its socket is prepared (sockets/prepare-socket.ts) and runs its lifecycle.
 */
export async function plugin(instance: FastifyInstance, userOptions: NamespacesOptions): Promise<void> {
  checkInstance(instance)
  const options = normalizeOptions(userOptions)
  const { limits, handlerTimeoutMs, onConnectTimeoutMs, closeTimeoutMs } = options
  const { log } = instance
  const now = () => performance.now()
  const path = (options.prefix + options.io.path).replace(/\/$/, '')
  const [fullPath, prefix] = [instance.prefix + path, instance.prefix + options.prefix]

  const isStrict = process.env.NODE_ENV !== 'production'
  const registry = createRegistry({ ...instance.initialConfig, handlerTimeoutMs })
  const emitCheck = createEmitCheck((address) => mounts.at(address)?.contract, isStrict, options.outbox)
  const dismissed = new DismissedUsers(Date.now)
  const route = createRouting(instance, () => [instance, ...registry.entries.map(({ context }) => context)])
  const checkOrigin = createOriginPolicy(options.io.cors)
  const handshake = createHandshakeRoute(route, options, checkOrigin, (raw) => dismissed.mark(raw))
  const rates = createPacketRates(limits, now)
  const lines = new LogRates(now)
  const notices = new Notices(log, lines, isStrict)
  const codec = createCodec({
    limits,
    explain: createUnknownNamespaceHints({ notices, registry, path: fullPath, prefix }),
    base: options.io.parser as Parser | undefined,
    sharesDecoder: options.fast,
    textOf: emitCheck.textOf,
    receiveConnect: (...packet) => admission.receiveConnect(...packet),
    admits: rates.admits,
    forget: (connection) => admission.forget(connection),
    reportRefusal: (error, namespace) => logError(log, error, { namespace }, 'the details of an error can not be sent'),
  })
  const recoveryOf: RecoveryOf = {
    isJoined: (socket) => socket.recovered || gateOf(socket)?.isOpen === true,
    ownerOf: (socket) => ownerOf(socket.conn, findRequest(socket)),
  }
  const base = withConstructor(options.io, userOptions)
  const recovery = withRecovery(base, { ...recoveryOf, now, limit: limits.recoveryBytes })
  const reportListener = (error: unknown) => logError(log, error, {}, 'connection closed: one of its listeners failed')
  const wsEngine = options.fast ? await chooseWsEngine(options.io, log) : {}
  const cluster = await createAdapter(options, recoveryOf, log)
  const { io, serveClient } = await createSocketIoServer(instance, {
    io: {
      ...recovery,
      ...wsEngine,
      ...cluster.io,
      path: fullPath,
      parser: codec.parser,
      allowRequest: handshake.allowRequest,
    },
    preClose: () => close(),
  })
  io.engine.prependListener('connection', codec.expect)
  if (wsEngine.wsEngine === undefined) batchWrites(io.engine, limits.bytesWaiting, reportListener)
  logOversize(io, new RatedLog(log, lines))
  const contractOf = (address: string) => mounts.contractOf(address)
  const retained = createRetainedPlaces({ io, contractOf, store: cluster.retained, parser: options.io.parser, log })
  const { remote, coldOperator, presenceLink } = connectNodes(io, emitCheck, cluster.node, retained, log)
  const { kept } = { ...cluster.node }
  const outbox = createOutbox(options, { io, emitCheck, registry, contractOf, coldOperator, retained, kept, log })
  guardAdapters({ io, emitCheck, remote, retained, log })
  const children = createDynamicNamespaces({
    io,
    limit: cluster.limits.dynamicNamespaces,
    log,
    isShared: isClusterAdapter,
    forget: (address) => mounts.forget(address),
  })
  const { users, ownerOf, admission, readmit } = createJoinServer(instance, {
    io,
    options,
    route,
    find: registry.find,
    isWanted: (address) => mounts.isWanted(address),
    children,
    dismissed,
    rates,
    screen: (socket) => identities.screen(socket),
  })
  const drain = createDrain()
  if (options.fast) releaseSockets(io)
  prepareServer({
    io,
    limits,
    log,
    admission,
    drain,
    rulesOf: (address) => mounts.at(address),
    openFast: (socket) => openFast(socket),
    checkEmitsOf: (socket) => checkEmits(socket, emitCheck, options.io.connectionStateRecovery !== undefined),
    hasSocketClass: options.fast,
    handlerTimeoutMs,
    parser: options.io.parser as Parser | undefined,
    notices,
    now,
  })
  // After prepareServer, whose listeners the fast path does not have to respect.
  const openFast = options.fast ? createFastPath({ io, options: options.io, limits, report: reportListener }) : () => {}
  const identities = createIdentities({ io, users, dismissed, isMounted: (at) => !!mounts.at(at), now: Date.now, log })
  const presence = createPresence({ io, registry, log: new RatedLog(log, lines), skip: emitCheck.skip })
  const common = { io, registry, identities, presence, retained, emitCheck }
  const mounts = createMounts({
    ...common,
    children,
    leases: cluster.leases,
    runLifecycle: createLifecycle({ ...common, readmit, joined: keepSession, onConnectTimeoutMs, log }),
    log,
    handlerTimeoutMs,
    payloadBytes: limits.payloadBytes,
  })
  const isDetached = options.fast
  const listeners = createServerListeners(instance, io, { path: fullPath, checkOrigin, dismissed, isDetached })
  handshake.addRoutes(instance, io, path, { serveClient, entries: registry.entries, limit: cluster.limits.connections })
  const injector = createInjectSocket(instance, { path: fullPath, parser: options.io.parser, closeTimeoutMs })
  const stores = createStores(registry, log)
  const parts = { handshake, admission, outbox, drain, presence, io, mounts, listeners, injector, stores, cluster }
  const close = createClosing({ ...parts, closeTimeoutMs, log })
  const describe = () => Object.freeze({ version: 1 as const, path: fullPath, namespaces: registry.describe() })
  const document = createDocument(describe, () => registry.isClosed, options.document)
  keepDocument(instance, document)
  if (options.document) addDocumentRoutes(instance, document, options.document, options.prefix)

  decorate(instance, {
    ...common,
    describe,
    document,
    children,
    mounts,
    coldOperator,
    injectSocket: injector.injectSocket,
    drain() {
      handshake.close()
      return listeners.drain(options.drain, createDrainNotice(io, options.drain.retryAfterMs, log))
    },
  })
  for (const [name, definition] of Object.entries(options.namespaces)) {
    const path = `namespaces[${JSON.stringify(name)}]`
    registry.declare(name, definition, { context: instance, prefix: options.prefix, path })
  }
  for (const { open } of [mounts, stores, cluster, outbox]) instance.addHook('onReady', async () => open())
  instance.addHook('onReady', async () => presence.open(presenceLink()))
}
