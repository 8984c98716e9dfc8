import type { FastifyBaseLogger } from 'fastify'
import type { Server, Socket } from 'socket.io'
import type { Contract } from '../definition/compile-contract.js'
import type { Audience } from '../definition/emit-types.js'
import { RESERVED_EVENTS } from '../definition/normalize/reserved-events.js'
import { toUserId } from '../definition/user-id.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import type { Declared, Registry } from '../joining/namespaces/registry.js'
import { FST_NSP_EMIT_INVALID, FST_NSP_USER_ID_INVALID } from '../shared/errors.js'
import { toSendable } from '../shared/json-value.js'
import { logError } from '../shared/log/error-log.js'
import { contain, mapError } from '../shared/maybe-async.js'
import { isClusterAdapter } from './adapter-features.js'
import type { Identities } from './identities.js'
import { findEntries } from './namespace-of.js'
import { decodeArguments, encodeArguments } from './nodes/event-text.js'

/*
 * `app.userOf()`: emits to every socket of a user. It uses no room, which a client might join or the application might use:
 * each node knows the users of its sockets, and receives the emit over the adapter.
 */

/** Sent between the nodes of a cluster. A wire format. */
const EMIT_TO_USER = 'fastify-namespaces:emit-to-user'

/** Every socket of a user: the result of `app.userOf()`. Its `emit` throws FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN. */
export interface UserReach<Emits> extends Pick<Audience<Emits>, 'emit'> {
  /** Emits only to the sockets of this node. */
  readonly local: UserReach<Emits>
  /** A client that can't receive the emit right now may lose it. */
  readonly volatile: UserReach<Emits>
  /** Whether the emit is compressed, if the options of the engine turn compression on. */
  compress(isCompressed: boolean): UserReach<Emits>
}

interface Flags {
  readonly volatile?: boolean
  readonly compress?: boolean
}

/** The checked arguments for each definition, by its name; by null for namespaces without a definition. */
type Sends = readonly (readonly [name: string | null, args: readonly unknown[]])[]

export interface UserOfOptions {
  readonly io: Server
  readonly registry: Pick<Registry, 'entries' | 'find'>
  readonly identities: Pick<Identities, 'socketsOf'>
  readonly contractFor: (declared: Declared) => Contract | undefined
  readonly emitCheck: EmitCheck
  readonly log: FastifyBaseLogger
}

/**
 * Creates `app.userOf`.
 *
 * @throws FST_NSP_USER_ID_INVALID, FST_NSP_DEFINITION_UNKNOWN; its emits throw as others do
 */
export function createUserOf({ io, registry, identities, contractFor, emitCheck, log }: UserOfOptions) {
  const root = io.of('/')

  /** Checks an emit once for each definition that it is sent to, on this node. */
  function check(wanted: readonly Declared[] | undefined, event: string, args: unknown[]): Sends {
    // Socket.IO's reserved names; a socket's own emit throws for them, too.
    if (typeof event !== 'string' || RESERVED_EVENTS.includes(event)) {
      throw new FST_NSP_EMIT_INVALID(String(event), 'a user', 'its name can not be emitted')
    }
    const declares = (declared: Declared) => {
      const contract = contractFor(declared)
      return !contract?.hasEmits || contract.emits.has(event)
    }
    const declaring = registry.entries.filter(declares)
    // An emit that no definition declares fails in all of them, like any undeclared emit.
    const entries = wanted ?? (declaring.length > 0 ? declaring : registry.entries)
    const sends = entries.map((declared): Sends[number] => {
      const { name } = declared
      return [name, emitCheck.check(name, event, args, contractFor(declared)).map((arg) => sendable(name, event, arg))]
    })
    return wanted ? sends : [...sends, [null, args.map((arg) => sendable('a user', event, arg))]]
  }

  function deliver(userId: string, flags: Flags, event: string, sends: Sends): void {
    const argsOf = new Map(sends)
    for (const socket of identities.socketsOf(userId)) {
      const args = argsOf.get(registry.find(socket.nsp.name)?.entry.name ?? null)
      if (!args) continue
      contain(
        () => emitCheck.skip(() => flagged(socket, flags).emit(event, ...args)),
        (error) => logError(log, error, { namespace: socket.nsp.name, socketId: socket.id }, 'an emit failed'),
      )
    }
  }

  root.on(EMIT_TO_USER, (userId: unknown, flags: unknown, event: unknown, sends: unknown) => {
    const decoded = (sends as [string | null, string[]][]).map(
      ([name, parts]) => [name, decodeArguments(parts)] as const,
    )
    deliver(String(userId), Object(flags), String(event), decoded)
  })

  return (id: unknown, wanted?: unknown): UserReach<unknown> => {
    const userId = toUserId(id)
    if (userId === undefined) throw new FST_NSP_USER_ID_INVALID(String(id))
    const entries = wanted === undefined ? undefined : findEntries(registry, wanted)

    function reach(flags: Flags, isLocal: boolean): UserReach<unknown> {
      const emit = (event: string, ...args: unknown[]): boolean => {
        const sends = check(entries, event, args)
        const { adapter } = root
        if (!isLocal && isClusterAdapter(adapter)) {
          const encoded = sends.map(([name, each]) => [name, encodeArguments(each)])
          contain(
            () => adapter.serverSideEmit([EMIT_TO_USER, userId, flags, event, encoded]),
            (error) => logError(log, error, { emit: event }, 'a user was not reached on other nodes'),
          )
        }
        deliver(userId as string, flags, event, sends)
        return true
      }
      return {
        emit: emit as UserReach<unknown>['emit'],
        get local() {
          return reach(flags, true)
        },
        get volatile() {
          return reach({ ...flags, volatile: true }, isLocal)
        },
        compress: (isCompressed) => reach({ ...flags, compress: isCompressed }, isLocal),
      }
    }

    return reach({}, false)
  }
}

function flagged(socket: Socket, { volatile, compress }: Flags): Socket {
  const compressed = compress === undefined ? socket : socket.compress(compress)
  return volatile ? compressed.volatile : compressed
}

function sendable(namespace: string, event: string, value: unknown): unknown {
  return mapError(
    () => toSendable(value),
    (error) => {
      throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
    },
  )
}
