import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import { attachServer } from './attach.js'
import { settlesWithin } from './deadline.js'
import type { NamespaceDefinition } from './definition.js'
import { FST_NSP_ALREADY_REGISTERED, FST_NSP_HTTP2_ONLY, FST_NSP_IO_PRESENT } from './errors.js'
import { createHandshake } from './handshake.js'
import { createIntake } from './intake.js'
import { createRegistry } from './mount.js'
import { type NamespacesOptions, normalizeOptions } from './options.js'
import { printNamespaces } from './print.js'

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
    namespace<const Emits extends Record<string, unknown> = Record<never, never>>(
      name: string,
      definition: NamespaceDefinition<Emits>,
    ): this
    /** Renders the declared namespaces as a tree, as printRoutes() does for routes. */
    printNamespaces(): string
  }
}

/**
 * The plugin: options in, decorators out.
 *
 * A definition goes to the registry (mount.ts), which mounts it when the instance is ready.
 * A handshake goes through a Fastify route (handshake.ts) to the engine, whose server attach.ts has made.
 * What needs no handshake, and every upgrade, comes in by intake.ts.
 */
export async function plugin(instance: FastifyInstance, userOptions: NamespacesOptions): Promise<void> {
  if (instance.hasDecorator('namespace')) throw new FST_NSP_ALREADY_REGISTERED()
  if (instance.hasDecorator('io')) throw new FST_NSP_IO_PRESENT()
  if (speaksOnlyHttp2(instance)) throw new FST_NSP_HTTP2_ONLY()
  const options = normalizeOptions(userOptions)
  const path = (options.prefix + options.io.path).replace(/\/$/, '')
  const fullPath = instance.prefix + path

  const handshake = createHandshake(instance.routing, options.io)
  const io = await attachServer(instance, {
    io: { ...options.io, path: fullPath, allowRequest: handshake.allowRequest },
    preClose: close,
  })
  const registry = createRegistry(io, instance.log)
  const intake = createIntake(instance, io, fullPath)
  handshake.addRoutes(instance, io, path)

  instance.decorate('io', io)
  instance.decorate('printNamespaces', () => printNamespaces(registry.definitions))
  instance.decorate('namespace', function (this: FastifyInstance, name, definition) {
    registry.declare(name, definition, this.prefix, `namespace(${JSON.stringify(name)})`)
    return this
  })
  for (const [name, definition] of Object.entries(options.namespaces)) {
    const prefix = instance.prefix + options.prefix
    registry.declare(name, definition, prefix, `namespaces[${JSON.stringify(name)}]`)
  }
  instance.addHook('onReady', async () => registry.mount())

  // io.close() ends the engine and its virtual server; the http server below is Fastify's to close, after this.
  async function close(): Promise<void> {
    handshake.close()
    await io.close()
    const isSettled = await settlesWithin(options.closeTimeoutMs, registry.settled())
    if (!isSettled) instance.log.warn('closing without waiting longer for onConnect and onDisconnect functions')
    await intake.close(options.closeTimeoutMs)
  }
}

function speaksOnlyHttp2({ initialConfig }: FastifyInstance): boolean {
  const { http2, https } = initialConfig
  return http2 === true && !(typeof https === 'object' && https.allowHTTP1 === true)
}
