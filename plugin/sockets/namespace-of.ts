import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import type { Contract } from '../definition/compile-contract.js'
import type { TypesOf } from '../definition/contract/types-of.js'
import type { Audience } from '../definition/emit-types.js'
import type { ParamsOf } from '../definition/join-types.js'
import type { PresenceEntry } from '../definition/presence/presence-types.js'
import type { ToRooms } from '../definition/rooms/room-types.js'
import { requestOf } from '../engine/http/connect-request.js'
import { createAudience, type EmitOperator } from '../events/emits/audience.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { withRooms } from '../events/rooms/room-targets.js'
import type { DynamicNamespaces } from '../joining/namespaces/dynamic-namespaces.js'
import { formatAddress } from '../joining/namespaces/namespace-router.js'
import type { Declared, Registry } from '../joining/namespaces/registry.js'
import type { AnyType, None } from '../schema/schema.js'
import { FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_DEFINITION_UNKNOWN, FST_NSP_PARAMS_INVALID } from '../shared/errors.js'
import { suggest } from '../shared/wording.js'
import type { ColdOperator } from './nodes/cold-operator.js'

/*
 * `app.namespaceOf()` and `app.addressesOf()`: a namespace for a route, a job or another namespace.
 */

/** All sockets of a namespace, with the types of its definition: the result of `app.namespaceOf()`. */
export interface Reach<Emits, Answers = None, Data = unknown> extends Audience<Emits, Answers, Data> {
  /** The address of the namespace, e.g. `/orgs/42`. */
  readonly address: string
  /**
   * Who is here, on all nodes; on any node, also on one without sockets at this address.
   *
   * @param room - the name of a declared room with presence, e.g. `ticket/42`. Default: the whole namespace
   * @throws (rejects) FST_NSP_PRESENCE_OFF
   *
   * @example
   * const people = await app.namespaceOf(chat).presence()
   */
  presence(room?: string): Promise<PresenceEntry[]>
}

/** The inferred types of a definition. A name, or an object without inferred types, has none. */
export type KnownOf<Definition> = [TypesOf<Definition>] extends [never]
  ? { emits: AnyType; answers: AnyType; join: None; data: unknown; rooms: None }
  : TypesOf<Definition> extends infer Types extends {
        emits: unknown
        answers: unknown
        join: unknown
        data: unknown
        rooms: unknown
      }
    ? Types
    : { emits: AnyType; answers: AnyType; join: None; data: unknown; rooms: None }

/** The result of `app.namespaceOf()` for a definition. */
export type ReachOf<Definition> = Reach<
  KnownOf<Definition>['emits'],
  KnownOf<Definition>['answers'],
  KnownOf<Definition>['data']
> &
  ReachRooms<KnownOf<Definition>>

/** `to` with a function for each declared room. */
type ReachRooms<Known extends { emits: unknown; answers: unknown; data: unknown; rooms: unknown }> = [
  keyof Known['rooms'],
] extends [never]
  ? unknown
  : { readonly to: ToRooms<Known['rooms'], Audience<Known['emits'], Known['answers'], Known['data']>> }

/** The params of `app.namespaceOf()`: those of the definition's schema, or any. */
export type ReachParams<Definition> =
  KnownOf<Definition> extends { join: { params: unknown } }
    ? Readonly<ParamsOf<KnownOf<Definition>['join']>>
    : Readonly<Record<string, unknown>>

export interface NamespaceOfOptions {
  readonly io: Server
  readonly registry: Pick<Registry, 'entries' | 'find'>
  readonly children: Pick<DynamicNamespaces, 'hold' | 'isLive' | 'release'>
  /** For an address that is not live. */
  readonly coldOperator: ColdOperator
  readonly contractOf: (address: string) => Contract | undefined
  readonly emitCheck: EmitCheck
  readonly presenceOf: (declared: Declared, address: string, room?: string) => Promise<PresenceEntry[]>
  readonly log: FastifyBaseLogger
}

/** An address of a definition: an element of `app.addressesOf()`. */
export interface LiveAddress<Definition> {
  /** E.g. `/orgs/42`. */
  readonly address: string
  /** E.g. `{ orgId: 42 }`, as the schema of the params has parsed them. `{}` for a static name without sockets. */
  readonly params: ReachParams<Definition>
}

/**
 * The declared namespaces of a definition or of a name.
 *
 * @throws FST_NSP_DEFINITION_UNKNOWN
 */
export function findEntries({ entries, find }: NamespaceOfOptions['registry'], wanted: unknown): Declared[] {
  const found = entries.filter(({ name, source }) => name === wanted || source === wanted)
  if (found.length > 0) return found
  const match = typeof wanted === 'string' ? find(wanted) : undefined
  if (!match) {
    if (typeof wanted !== 'string') throw new FST_NSP_DEFINITION_UNKNOWN('that was given', DECLARE)
    const names = entries.map(({ name }) => name)
    throw new FST_NSP_DEFINITION_UNKNOWN(wanted, `${suggest(wanted, names)}${DECLARE}`)
  }
  const { name } = match.entry
  const call = `namespaceOf(${JSON.stringify(name)}, ${JSON.stringify(match.params)})`
  throw new FST_NSP_DEFINITION_UNKNOWN(String(wanted), `it is an address of ${name}. Call ${call}`)
}

const DECLARE = 'declare it in `namespaces` or with app.namespace(), and pass the same object, or its full name'

/**
 * Creates `app.addressesOf`.
 *
 * @throws FST_NSP_DEFINITION_UNKNOWN
 */
export function createAddressesOf({ io, registry }: Pick<NamespaceOfOptions, 'io' | 'registry'>) {
  return (wanted: unknown): LiveAddress<unknown>[] => {
    const entries = findEntries(registry, wanted)
    const live: LiveAddress<unknown>[] = []
    for (const { name: address, sockets } of io._nsps.values()) {
      const entry = registry.find(address)?.entry
      if (!entry || !entries.includes(entry)) continue
      const [socket] = sockets.values()
      // The parsed params of a socket that has joined.
      if (socket) live.push({ address, params: { ...(requestOf(socket).params as object) } })
      else if (!entry.isDynamic) live.push({ address, params: {} })
    }
    return live
  }
}

/**
 * Creates `app.namespaceOf`.
 *
 * @throws FST_NSP_DEFINITION_UNKNOWN, FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_PARAMS_INVALID
 */
export function createNamespaceOf({
  io,
  registry,
  children,
  coldOperator,
  contractOf,
  emitCheck,
  presenceOf,
  log,
}: NamespaceOfOptions) {
  return (wanted: unknown, params: Readonly<Record<string, unknown>> = {}): Reach<AnyType> => {
    const [declared, other] = findEntries(registry, wanted) as [Declared, Declared?]
    if (other) throw new FST_NSP_DEFINITION_AMBIGUOUS(declared.name, other.name)
    const address = formatAddress(declared.name, params)
    // A static name precedes a dynamic one: /orgs/members is never an address of /orgs/:orgId.
    if (registry.find(address)?.entry !== declared) {
      throw new FST_NSP_PARAMS_INVALID(
        declared.name,
        `must not result in ${address}, which is the name of another namespace`,
      )
    }
    const contract = () => contractOf(address)
    // Looked up at each emit: a namespace of a dynamic name may be removed and created again.
    const namespace = () => (declared.isDynamic ? io._nsps.get(address) : (io.of(address) as Namespace))
    const operatorOf = () => namespace()?.except([]) as unknown as EmitOperator | undefined
    const audience = createAudience((base) => base ?? operatorOf() ?? coldOperator(address, contract), {
      namespace,
      contract,
      emitCheck,
      address,
      log: () => log,
      async during(call) {
        if (!declared.isDynamic || !children.isLive(address)) return call()
        children.hold(address)
        try {
          return await call()
        } finally {
          children.release(address)
        }
      },
    })
    const { to: add } = audience
    const to = withRooms((room) => add(room), declared.definition.rooms)
    return Object.assign(audience, {
      address,
      to,
      presence: (room?: string) => presenceOf(declared, address, room),
    }) as Reach<AnyType>
  }
}
