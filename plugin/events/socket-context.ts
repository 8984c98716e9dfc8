import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io'
import type { Contract } from '../definition/compile-contract.js'
import type { HandlerContext } from '../definition/namespace-definition.js'
import { scopeOf } from '../engine/http/connect-request.js'
import { callIn, type Scope } from '../shared/async-scope.js'
import { ask } from './emits/ask.js'
import { createAudience, type Operator, type Stage } from './emits/audience.js'
import type { EmitCheck } from './emits/check-emit.js'
import { createSocketEmit } from './emits/socket-emit.js'

/*
 * What onConnect and its like receive: one object per joined socket. What costs something to make is made when it is asked
 * for: most sockets are idle.
 */

/** What the sockets of a server have in common. */
export interface ContextTools {
  readonly emitCheck: EmitCheck
  /** Admits a socket again, with another auth. rejects with the refusal. */
  readonly readmit: (socket: Socket, auth: object) => Promise<FastifyRequest>
}

export interface ContextOptions {
  readonly socket: Socket
  readonly namespace: Namespace
  readonly request: FastifyRequest
  readonly contract: Contract
  readonly tools: ContextTools
}

/** An event that is being handled. */
interface Abortable {
  abort(reason: Error): void
}

type AnyHandlerContext = HandlerContext<DefaultEventsMap>

/** The functions of a context, made to be destructured. `ask` is typed by the definition, where its functions see it. */
interface Hands extends Pick<AnyHandlerContext, 'emit' | 'to'> {
  readonly ask: (event: string, ...args: unknown[]) => Promise<never>
  readonly reauthenticate: (auth?: object) => Promise<void>
}

/** For one joined socket. */
export class ConnectionContext implements Hands {
  readonly socket: AnyHandlerContext['socket']
  readonly namespace: AnyHandlerContext['namespace']
  request: FastifyRequest
  /** What the hooks that have admitted it have filled: its functions run in it. */
  scope: Scope | undefined
  readonly #contract: Contract
  readonly #tools: ContextTools
  #hands: Hands | undefined = undefined
  #lives: Set<Abortable> | undefined = undefined
  #log: FastifyBaseLogger | undefined = undefined
  /** The last reauthenticate; the next one waits for it, so that whoever asked last has the last word. */
  #renewal: Promise<void> | undefined = undefined

  constructor({ socket, namespace, request, contract, tools }: ContextOptions) {
    this.socket = socket as AnyHandlerContext['socket']
    this.namespace = namespace as AnyHandlerContext['namespace']
    this.request = request
    this.scope = scopeOf(request)
    this.#contract = contract
    this.#tools = tools
  }

  get params(): AnyHandlerContext['params'] {
    return this.request.params as AnyHandlerContext['params']
  }

  get log(): FastifyBaseLogger {
    this.#log ??= this.request.log.child({ namespace: this.namespace.name, socketId: this.socket.id })
    return this.#log
  }

  get emit(): Hands['emit'] {
    return this.#reach().emit
  }

  get to(): Hands['to'] {
    return this.#reach().to
  }

  get ask(): Hands['ask'] {
    return this.#reach().ask
  }

  get reauthenticate(): Hands['reauthenticate'] {
    return this.#reach().reauthenticate
  }

  /** The events of this socket that are being handled, and take a while. */
  get lives(): Set<Abortable> {
    this.#lives ??= new Set()
    return this.#lives
  }

  /** Aborts the events that are being handled: the socket has gone. */
  abort(reason: string): void {
    // An error costs more than all the rest of a departure.
    if (!this.#lives?.size) return
    const cause = new Error(`The socket has disconnected: ${reason}`)
    for (const event of this.#lives) callIn(this.scope, event.abort, event, cause)
  }

  #reach(): Hands {
    this.#hands ??= this.#createHands()
    return this.#hands
  }

  #createHands(): Hands {
    const { socket, namespace } = this
    const contract = this.#contract
    const stage: Stage = {
      address: namespace.name,
      namespace: () => namespace as Namespace,
      contract: () => contract,
      emitCheck: this.#tools.emitCheck,
      log: () => this.log,
      during: (call) => call(),
      // It is open: this socket is in it.
      postpone: () => false,
    }
    return {
      emit: createSocketEmit(() => socket as Socket, contract, stage.log),
      to: (room) => createAudience(() => socket.to(room) as unknown as Operator, stage),
      ask: (event, ...args) => {
        const check = contract.emits.get(event)?.checkReply
        const answer = ask(check, socket, event, ...args) as Promise<never>
        answer.catch(() => {}) // whoever waits for it hears of it; nobody has to, and no client can end the process with it
        return answer
      },
      reauthenticate: (auth = socket.handshake.auth) => this.#renew(auth),
    }
  }

  #renew(auth: object): Promise<void> {
    const renewed = Promise.resolve(this.#renewal).then(async () => {
      this.request = await this.#tools.readmit(this.socket as Socket, auth)
      this.scope = scopeOf(this.request)
      this.#log = undefined
    })
    this.#renewal = renewed.catch(() => {})
    return renewed
  }
}
