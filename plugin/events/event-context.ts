import type { FastifyBaseLogger } from 'fastify'
import type { DefaultEventsMap } from 'socket.io'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { EventContext } from '../definition/context-types.js'
import type { ClaimTransaction } from '../definition/idempotency.js'
import { DeclaredError } from '../shared/client-error.js'
import { FST_NSP_ERROR_UNDECLARED } from '../shared/errors.js'
import { suggest } from '../shared/wording.js'
import type { SocketContext } from './socket-context.js'

/*
 * The context that the handler and the hooks of an event receive: one object per event, on top of its socket's context.
 */

/** The context of one event. */
export class RunContext implements EventContext<DefaultEventsMap> {
  readonly event: { readonly name: string; payload: unknown; readonly wantsAck: boolean }
  /** Only of an event with `transaction: true`, while its handler runs. */
  declare sql?: ClaimTransaction['sql']
  readonly #connection: SocketContext
  readonly #compiled: CompiledEvent
  #abort: AbortController | undefined
  #abortReason: unknown

  constructor(connection: SocketContext, compiled: CompiledEvent, payload: unknown, wantsAck: boolean) {
    this.#connection = connection
    this.#compiled = compiled
    this.event = { name: compiled.name, payload, wantsAck }
  }

  get error(): (code: string, data: unknown) => DeclaredError {
    const { name, errors } = this.#compiled
    return (code, data) => {
      if (!errors.has(code)) throw new FST_NSP_ERROR_UNDECLARED(code, name, suggest(code, errors.keys()))
      return new DeclaredError(code, data)
    }
  }

  get socket(): SocketContext['socket'] {
    return this.#connection.socket
  }

  get namespace(): SocketContext['namespace'] {
    return this.#connection.namespace
  }

  get emit(): SocketContext['emit'] {
    return this.#connection.emit
  }

  get to(): SocketContext['to'] {
    return this.#connection.to
  }

  get ask(): SocketContext['ask'] {
    return this.#connection.ask
  }

  get reauthenticate(): SocketContext['reauthenticate'] {
    return this.#connection.reauthenticate
  }

  get presence(): SocketContext['presence'] {
    return this.#connection.presence
  }

  get request(): SocketContext['request'] {
    return this.#connection.request
  }

  get params(): SocketContext['params'] {
    return this.#connection.params
  }

  get log(): FastifyBaseLogger {
    return this.#connection.log
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason)
    }
    return this.#abort.signal
  }

  /** Aborts `signal`, also if it is read for the first time after this call. */
  abort(reason: Error): void {
    this.#abortReason ??= reason
    this.#abort?.abort(reason)
  }
}
