import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import { formatAddress } from './address.js'
import type { Children } from './children.js'
import type { Contract } from './contract.js'
import type { Audience } from './definition.js'
import { createAudience } from './emit.js'
import type { EmitCheck } from './emit-check.js'
import { FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_DEFINITION_UNKNOWN, FST_NSP_PARAMS_INVALID } from './errors.js'
import type { TypesOf } from './inference.js'
import type { None, ParamsOf } from './joining.js'
import type { Declared, Registry } from './registry.js'
import { contain } from './sequence.js'
import { suggest } from './wording.js'

/*
 * A namespace, reached from anywhere: an HTTP handler, a job, another namespace.
 */

/** Everybody in a namespace, as its definition types it. */
export interface Reach<Emits, Answers = None> extends Audience<Emits, Answers> {
  /** The namespace's address, e.g. `/orgs/42`. */
  readonly address: string
}

// biome-ignore lint/suspicious/noExplicitAny: nothing is known of a namespace that is named by a string
type Unknown = any

/** What was inferred from a definition; of a name, or of an object that remembers nothing, there is nothing to know. */
type KnownOf<Definition> = [TypesOf<Definition>] extends [never]
  ? { emits: Unknown; answers: Unknown; join: None }
  : TypesOf<Definition> extends infer Types extends { emits: unknown; answers: unknown; join: unknown }
    ? Types
    : { emits: Unknown; answers: Unknown; join: None }

/** What `app.namespaceOf` gives. */
export type ReachOf<Definition> = Reach<KnownOf<Definition>['emits'], KnownOf<Definition>['answers']>

/** What `app.namespaceOf` takes as params: those of the definition's schema, or any. */
export type ReachParams<Definition> =
  KnownOf<Definition> extends { join: { params: unknown } }
    ? Readonly<ParamsOf<KnownOf<Definition>['join']>>
    : Readonly<Record<string, unknown>>

export interface ReachOptions {
  readonly io: Server
  readonly registry: Pick<Registry, 'entries' | 'find'>
  readonly children: Pick<Children, 'hold' | 'release' | 'whenFree'>
  readonly contractOf: (address: string) => Contract | undefined
  readonly emitCheck: EmitCheck
  readonly log: FastifyBaseLogger
}

/**
 * Makes `app.namespaceOf`.
 * throws FST_NSP_DEFINITION_UNKNOWN, FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_PARAMS_INVALID.
 */
export function createReach({ io, registry, children, contractOf, emitCheck, log }: ReachOptions) {
  function findDeclared(wanted: unknown): Declared {
    const found = registry.entries.filter(({ name, source }) => name === wanted || source === wanted)
    const [declared, other] = found
    if (!declared) {
      const isNamed = typeof wanted === 'string'
      const names = registry.entries.map(({ name }) => name)
      throw new FST_NSP_DEFINITION_UNKNOWN(isNamed ? wanted : 'that was given', isNamed ? suggest(wanted, names) : '')
    }
    if (other) throw new FST_NSP_DEFINITION_AMBIGUOUS(declared.name, other.name)
    return declared
  }

  return (wanted: unknown, params: Readonly<Record<string, unknown>> = {}): Reach<Unknown> => {
    const declared = findDeclared(wanted)
    const address = formatAddress(declared.name, params)
    // A static name goes before a dynamic one: of `/orgs/:orgId` and `/orgs/members`, the second has that address.
    if (registry.find(address)?.entry !== declared) {
      throw new FST_NSP_PARAMS_INVALID(
        declared.name,
        `must not make ${address}, which is the name of another namespace`,
      )
    }
    // Asked for at each emit: one of a dynamic name comes and goes.
    const namespace = () => io.of(address) as Namespace
    const audience = createAudience(() => namespace().except([]), {
      namespace,
      contract: () => contractOf(address),
      emitCheck,
      address,
      postpone(call) {
        const free = children.whenFree(address)
        void free?.then(() => contain(call, (error) => log.error({ err: error, namespace: address }, 'an emit failed')))
        return free !== undefined
      },
      async during(call) {
        if (!declared.isDynamic) return call()
        await children.whenFree(address)
        children.hold(address)
        try {
          return await call()
        } finally {
          children.release(address)
        }
      },
    })
    return Object.assign(audience, { address }) as Reach<Unknown>
  }
}
