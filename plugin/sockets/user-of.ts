import type { FastifyBaseLogger } from 'fastify'
import type { Server, Socket } from 'socket.io'
import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser'
import type { Contract } from '../definition/compile-contract.js'
import type { Audience } from '../definition/namespace-definition.js'
import { RESERVED_EVENTS } from '../definition/normalize/normalize-definition.js'
import { toUserId } from '../definition/user-id.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import type { Declared, Registry } from '../joining/namespaces/registry.js'
import { FST_NSP_EMIT_INVALID, FST_NSP_USER_ID_INVALID } from '../shared/errors.js'
import { toSendable } from '../shared/json-value.js'
import { logError } from '../shared/log/error-log.js'
import { contain, mapError } from '../shared/maybe-async.js'
import { speaksToOthers } from './adapter-features.js'
import type { Identities } from './identities.js'
import { findEntries } from './namespace-of.js'

/*
 * A user, reached wherever their sockets are. There is no room for it, which a client might get into, or the application
 * find among its own: each node knows whose its sockets are, and is told what they are to be sent.
 */

/** Between the nodes of a cluster. A wire format. */
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

/** What the sockets of a definition are sent, by its name; by null, those of no definition. */
type Sends = readonly (readonly [name: string | null, args: readonly unknown[]])[]

export interface UserReachOptions {
  readonly io: Server
  readonly registry: Pick<Registry, 'entries' | 'find'>
  readonly identities: Pick<Identities, 'socketsOf'>
  readonly contractFor: (declared: Declared) => Contract | undefined
  readonly emitCheck: EmitCheck
  readonly log: FastifyBaseLogger
}

/**
 * Makes `app.userOf`.
 * throws FST_NSP_USER_ID_INVALID, FST_NSP_DEFINITION_UNKNOWN; an emit of it throws as others do.
 */
export function createUserReach({ io, registry, identities, contractFor, emitCheck, log }: UserReachOptions) {
  const root = io.of('/')

  /** Checks an emit for each definition that it is for, here and once. */
  function check(wanted: readonly Declared[] | undefined, event: string, args: unknown[]): Sends {
    // What Socket.IO keeps for itself a single socket throws for, too.
    if (typeof event !== 'string' || RESERVED_EVENTS.includes(event)) {
      throw new FST_NSP_EMIT_INVALID(String(event), 'a user', 'its name is not one that may be emitted')
    }
    const takes = (declared: Declared) => {
      const contract = contractFor(declared)
      return !contract?.hasEmits || contract.emits.has(event)
    }
    const takers = registry.entries.filter(takes)
    // Where nobody takes it, it is a mistake as any emit that is not declared.
    const entries = wanted ?? (takers.length > 0 ? takers : registry.entries)
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
    const decoded = (sends as [string | null, string[]][]).map(([name, parts]) => [name, decode(parts)] as const)
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
        if (!isLocal && speaksToOthers(adapter)) {
          const encoded = sends.map(([name, each]) => [name, encode(each)])
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

// Of what one node says to others some adapters make JSON, which has no binary data: Socket.IO's own encoding has.
const ENCODER = new Encoder()

function encode(data: readonly unknown[]): string[] {
  const [text, ...attachments] = ENCODER.encode({ type: PacketType.EVENT, nsp: '/', data: ['', ...data] })
  return [text as string, ...attachments.map((bytes) => Buffer.from(bytes as Buffer).toString('base64'))]
}

/** throws for what `encode` has not made. */
function decode([text, ...attachments]: readonly string[]): unknown[] {
  const decoder = new Decoder({ maxAttachments: Number.POSITIVE_INFINITY })
  let data: unknown[] = []
  decoder.on('decoded', (packet: Packet) => {
    data = packet.data as unknown[]
  })
  decoder.add(text)
  for (const bytes of attachments) decoder.add(Buffer.from(bytes, 'base64'))
  return data.slice(1)
}
