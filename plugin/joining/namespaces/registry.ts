import type { FastifyInstance } from 'fastify'
import { describeDefinition } from '../../definition/contract/describe-definition.js'
import type { NamespaceDescription } from '../../definition/contract/description.js'
import { isDynamic, joinPrefix, parseName } from '../../definition/namespace-name.js'
import { type NormalDefinition, normalizeDefinition } from '../../definition/normalize/normalize-definition.js'
import { FST_NSP_ALREADY_READY } from '../../shared/errors.js'
import { addConnectRoute } from '../connect-route.js'
import { createNameRouter, type Match } from './namespace-router.js'

/*
 * The registry: checks each declared definition, names it, adds its connect route, and finds it by an address.
 */

/** Where a definition was declared: its context, a prefix in addition to the context's, and the path for error messages. */
interface Origin {
  readonly context: FastifyInstance
  readonly prefix: string
  readonly path: string
}

/** A declared definition. */
export interface Declared {
  /** The full name, with all prefixes. */
  readonly name: string
  readonly isDynamic: boolean
  /** The object that the user declared. */
  readonly source: unknown
  readonly definition: NormalDefinition
  readonly context: FastifyInstance
  /** Its description, frozen. Made by the first call, because many servers need none. */
  readonly describe: () => NamespaceDescription
}

/** The definitions of one server. Open until the server is ready. */
export interface Registry {
  /** @throws FST_NSP_NAME_INVALID, FST_NSP_DEFINITION_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_ALREADY_READY */
  declare(name: unknown, definition: unknown, origin: Origin): void
  /** Whether the instance is ready. */
  readonly isClosed: boolean
  /** Refuses further declarations. */
  close(): void
  /** The declared definitions, in the order of declaration. */
  readonly entries: readonly Declared[]
  /** The definition that an address belongs to, and its params. Accepts anything that a client may send. */
  find(address: string): Match<Declared> | undefined
  /** The descriptions of all definitions, sorted by name. */
  describe(): readonly NamespaceDescription[]
}

interface RegistryOptions {
  /** Fastify's option. */
  readonly maxParamLength?: number
  /** Milliseconds: for events without their own. */
  readonly handlerTimeoutMs: number
}

export function createRegistry(options: RegistryOptions): Registry {
  const entries: Declared[] = []
  const router = createNameRouter<Declared>(options)
  let isClosed = false

  return {
    entries,
    find: router.find,

    get isClosed() {
      return isClosed
    },

    declare(name, source, { context, prefix, path }) {
      const own = joinPrefix(prefix, parseName(name))
      const full = joinPrefix(context.prefix, own)
      if (isClosed) throw new FST_NSP_ALREADY_READY(full)
      const definition = normalizeDefinition(source, path)
      const named = { name: full, isDynamic: isDynamic(full), source, definition, context }
      let description: NamespaceDescription | undefined
      const describe = () => {
        description ??= describeDefinition(named, options.handlerTimeoutMs)
        return description
      }
      const declared = { ...named, describe }
      router.add(full, declared)
      entries.push(declared)
      addConnectRoute(context, own, definition)
    },

    close() {
      isClosed = true
    },

    describe() {
      const all = entries.map((entry) => entry.describe())
      return Object.freeze(all.sort((one, other) => (one.name < other.name ? -1 : 1)))
    },
  }
}
