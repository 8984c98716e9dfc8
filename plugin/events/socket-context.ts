import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io'
import type { Contract } from '../definition/compile-contract.js'
import type { HandlerContext } from '../definition/context-types.js'
import type { SocketPresence } from '../definition/presence/presence-options.js'
import { scopeOf } from '../engine/http/connect-request.js'
import { callIn, type Scope } from '../shared/async-scope.js'
import { ask } from './emits/ask.js'
import { type AudienceTarget, createAudience, type EmitOperator } from './emits/audience.js'
import type { EmitCheck } from './emits/check-emit.js'
import { createSocketEmit } from './emits/socket-emit.js'
import { withRooms } from './rooms/room-targets.js'

/*
 * The context that `onConnect` and the other functions of a definition receive: one object per joined socket. Its parts are
 * created on first use, because most sockets are idle.
 */

/** What the contexts of a server share. */
export interface ContextTools {
  readonly emitCheck: EmitCheck
  /** Runs admission again with another `auth`. Rejects with the refusal. */
  readonly readmit: (socket: Socket, auth: object) => Promise<FastifyRequest>
  /** The id of a socket's user. */
  readonly userOf: (socket: Socket) => string | undefined
  /** Replaces what is shown of a socket. */
  readonly updatePresence: (socket: Socket, meta: unknown, room?: string) => void
}

export interface ContextOptions {
  readonly socket: Socket
  readonly namespace: Namespace
  readonly request: FastifyRequest
  readonly contract: Contract
  readonly rooms: Reauthorising
  readonly tools: ContextTools
}

/** The declared rooms of a definition. */
interface Reauthorising {
  /** Authorises the rooms of a socket again. Never rejects. */
  readonly reauthorise: (connection: SocketContext) => Promise<void>
}

/** An event that is being handled. */
interface Abortable {
  abort(reason: Error): void
}

type AnyHandlerContext = HandlerContext<DefaultEventsMap>

/** The functions of a context; they can be destructured. The definition types `ask` for its own functions. */
interface ContextFunctions extends Pick<AnyHandlerContext, 'emit' | 'to'> {
  readonly ask: (event: string, ...args: unknown[]) => Promise<never>
  readonly reauthenticate: (auth?: object) => Promise<void>
  readonly presence: SocketPresence
}

/** The context of one joined socket. */
export class SocketContext implements ContextFunctions {
  readonly socket: AnyHandlerContext['socket']
  readonly namespace: AnyHandlerContext['namespace']
  request: FastifyRequest
  /** The AsyncLocalStorage stores that the hooks have filled; the socket's functions run in it. */
  scope: Scope | undefined
  readonly #contract: Contract
  readonly #rooms: Reauthorising
  readonly #tools: ContextTools
  #functions: ContextFunctions | undefined = undefined
  #pendingEvents: Set<Abortable> | undefined = undefined
  #log: FastifyBaseLogger | undefined = undefined
  /** The last `reauthenticate()`. The next one waits for it, so that the last call decides. */
  #renewal: Promise<void> | undefined = undefined

  constructor({ socket, namespace, request, contract, rooms, tools }: ContextOptions) {
    this.socket = socket as AnyHandlerContext['socket']
    this.namespace = namespace as AnyHandlerContext['namespace']
    this.request = request
    this.scope = scopeOf(request)
    this.#contract = contract
    this.#rooms = rooms
    this.#tools = tools
  }

  get params(): AnyHandlerContext['params'] {
    return this.request.params as AnyHandlerContext['params']
  }

  get userId(): string | undefined {
    return this.#tools.userOf(this.socket as Socket)
  }

  get log(): FastifyBaseLogger {
    this.#log ??= this.request.log.child({ namespace: this.namespace.name, socketId: this.socket.id })
    return this.#log
  }

  get emit(): ContextFunctions['emit'] {
    return this.#lazyFunctions().emit
  }

  get to(): ContextFunctions['to'] {
    return this.#lazyFunctions().to
  }

  get ask(): ContextFunctions['ask'] {
    return this.#lazyFunctions().ask
  }

  get reauthenticate(): ContextFunctions['reauthenticate'] {
    return this.#lazyFunctions().reauthenticate
  }

  get presence(): SocketPresence {
    return this.#lazyFunctions().presence
  }

  /** The events of this socket that have asynchronous steps under way. */
  get pendingEvents(): Set<Abortable> {
    this.#pendingEvents ??= new Set()
    return this.#pendingEvents
  }

  /** Aborts the pending events, because the socket has disconnected. */
  abort(reason: string): void {
    // Creating an Error costs more than all the rest of a disconnect.
    if (!this.#pendingEvents?.size) return
    const cause = new Error(`The socket has disconnected: ${reason}`)
    for (const event of this.#pendingEvents) callIn(this.scope, event.abort, event, cause)
  }

  #lazyFunctions(): ContextFunctions {
    this.#functions ??= this.#createFunctions()
    return this.#functions
  }

  #createFunctions(): ContextFunctions {
    const { socket, namespace } = this
    const contract = this.#contract
    const target: AudienceTarget = {
      address: namespace.name,
      namespace: () => namespace as Namespace,
      contract: () => contract,
      emitCheck: this.#tools.emitCheck,
      log: () => this.log,
      // The namespace is open, because this socket is in it.
      during: (call) => call(),
    }
    return {
      emit: createSocketEmit(() => socket as Socket, contract, target.log),
      to: withRooms(
        (room) =>
          createAudience(
            (base) => base?.except(socket.id).to(room) ?? (socket.to(room) as unknown as EmitOperator),
            target,
          ),
        contract.rooms,
      ),
      ask: (event, ...args) => {
        const check = contract.emits.get(event)?.checkReply
        const answer = ask(check, socket, event, ...args) as Promise<never>
        // The caller need not await the answer: a rejection that nothing handles would end the process.
        answer.catch(() => {})
        return answer
      },
      reauthenticate: (auth = socket.handshake.auth) => this.#renew(auth),
      presence: { update: (...given) => this.#tools.updatePresence(socket as Socket, ...given) },
    }
  }

  #renew(auth: object): Promise<void> {
    const renewed = Promise.resolve(this.#renewal).then(async () => {
      this.request = await this.#tools.readmit(this.socket as Socket, auth)
      this.scope = scopeOf(this.request)
      this.#log = undefined
    })
    this.#renewal = renewed.catch(() => {})
    return renewed.then(() => this.#rooms.reauthorise(this))
  }
}
