import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io'
import { ask } from './ask.js'
import type { CheckEmit } from './codec.js'
import type { Contract } from './contract.js'
import type { Audience, HandlerContext } from './definition.js'
import { createAudience, type Stage } from './emit.js'

/*
 * What onConnect and its like receive: one object per joined socket. What costs something to make is made when it is asked
 * for.
 */

export interface ContextOptions {
  readonly socket: Socket
  readonly namespace: Namespace
  readonly request: FastifyRequest
  readonly contract: Contract
  readonly checkEmit: CheckEmit
  /** Admits the socket again, with another auth. rejects with the refusal. */
  readonly readmit: (auth: object) => Promise<FastifyRequest>
}

type AnyHandlerContext = HandlerContext<DefaultEventsMap>

/** For one joined socket. */
export class ConnectionContext {
  readonly socket: AnyHandlerContext['socket']
  readonly namespace: AnyHandlerContext['namespace']
  request: FastifyRequest
  readonly reauthenticate: (auth?: object) => Promise<void>
  readonly emit: AnyHandlerContext['emit']
  readonly to: (room: string | string[]) => Audience<DefaultEventsMap>
  readonly ask: (event: string, ...args: unknown[]) => Promise<never>
  /** The events of this socket that are being handled, and take a while. */
  readonly lives = new Set<{ abort(reason: Error): void }>()
  #log: FastifyBaseLogger | undefined
  /** The last reauthenticate; the next one waits for it, so that whoever asked last has the last word. */
  #renewal: Promise<void> | undefined

  constructor({ socket, namespace, request, contract, checkEmit, readmit }: ContextOptions) {
    this.socket = socket as AnyHandlerContext['socket']
    this.namespace = namespace as AnyHandlerContext['namespace']
    this.request = request
    this.reauthenticate = (auth = socket.handshake.auth) => {
      const renewed = Promise.resolve(this.#renewal).then(async () => {
        this.request = await readmit(auth)
        this.#log = undefined
      })
      this.#renewal = renewed.catch(() => {})
      return renewed
    }
    this.emit = (event, ...args) => socket.emit(event, ...args)
    const stage: Stage = {
      namespace: () => namespace,
      contract: () => contract,
      checkEmit,
      during: (call) => call(),
    }
    this.to = (room) => createAudience(() => socket.to(room), stage)
    // typed by the definition, where its functions see it
    this.ask = (event, ...args) => {
      const check = contract.emits.get(event)?.checkReply
      const answer = ask(check, socket, event, ...args) as Promise<never>
      answer.catch(() => {}) // whoever waits for it hears of it; nobody has to, and no client can end the process with it
      return answer
    }
  }

  get params(): AnyHandlerContext['params'] {
    return this.request.params as AnyHandlerContext['params']
  }

  get log(): FastifyBaseLogger {
    this.#log ??= this.request.log.child({ namespace: this.namespace.name, socketId: this.socket.id })
    return this.#log
  }
}
