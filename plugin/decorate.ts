import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { Decorators } from './decorators.js'
import type { ServerDescription } from './definition/contract/description.js'
import { printNamespaces } from './definition/contract/print-namespaces.js'
import { addContextHook, type HookName } from './definition/normalize/event-hooks.js'
import type { Document } from './document/create-document.js'
import type { EmitCheck } from './events/emits/check-emit.js'
import type { DynamicNamespaces } from './joining/namespaces/dynamic-namespaces.js'
import type { Registry } from './joining/namespaces/registry.js'
import type { Presence } from './presence/present-sockets.js'
import { FST_NSP_HOOK_LATE } from './shared/errors.js'
import type { Identities } from './sockets/identities.js'
import type { Mounts } from './sockets/mount.js'
import { createAddressesOf, createNamespaceOf } from './sockets/namespace-of.js'
import type { ColdOperator } from './sockets/nodes/cold-operator.js'
import { createUserOf } from './sockets/user-of.js'

/*
 * Decorates the instance.
 */

interface DecoratorParts {
  readonly io: Server
  readonly describe: () => ServerDescription
  readonly document: Document
  readonly registry: Registry
  readonly children: DynamicNamespaces
  readonly mounts: Mounts
  readonly identities: Identities
  readonly emitCheck: EmitCheck
  readonly presence: Pick<Presence, 'of'>
  readonly coldOperator: ColdOperator
  readonly injectSocket: Decorators['injectSocket']
  /** Refuses handshakes, and ends the connections. */
  readonly drain: () => Promise<void>
}

export function decorate(instance: FastifyInstance, parts: DecoratorParts): void {
  const { io, describe, document, registry, children, mounts, identities, emitCheck, presence, coldOperator } = parts
  const { injectSocket, drain } = parts
  const { log } = instance
  const { contractOf, contractFor } = mounts
  let drained: Promise<void> | undefined
  const decorators: Record<keyof Decorators, unknown> = {
    io,
    injectSocket,
    printNamespaces: () =>
      printNamespaces(
        registry.entries.map(({ name, definition: { prose, events, emits } }) => {
          return { name, description: prose.description, events: events.keys(), emits: emits.keys() }
        }),
      ),
    describeNamespaces: describe,
    asyncapi: ({ yaml = false } = {}) => (yaml ? document.yaml : document.asyncapi),
    namespace(this: FastifyInstance, name: unknown, definition: unknown) {
      registry.declare(name, definition, { context: this, prefix: '', path: `namespace(${JSON.stringify(name)})` })
      return this
    },
    namespaceOf: createNamespaceOf({
      io,
      registry,
      children,
      coldOperator,
      contractOf,
      emitCheck,
      presenceOf: presence.of,
      log,
    }),
    addressesOf: createAddressesOf({ io, registry }),
    userOf: createUserOf({ io, registry, identities, contractFor, emitCheck, log }),
    disconnectUser: identities.disconnectUser,
    drainSockets() {
      drained ??= drain()
      return drained
    },
    isDraining: () => drained !== undefined,
    addNamespaceHook(this: FastifyInstance, name: HookName, hook: unknown) {
      if (registry.isClosed) throw new FST_NSP_HOOK_LATE(String(name))
      addContextHook(this, name, hook)
      return this
    },
  }
  for (const [name, value] of Object.entries(decorators)) instance.decorate(name, value as never)
}
