import type { FastifyBaseLogger } from 'fastify'
import type { DefaultEventsMap } from 'socket.io'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { EventContext } from '../definition/namespace-definition.js'
import { DeclaredError } from '../shared/client-error.js'
import { FST_NSP_ERROR_UNDECLARED } from '../shared/errors.js'
import { suggest } from '../shared/wording.js'
import type { ConnectionContext } from './socket-context.js'

/*
 * What handlers and event hooks receive: one object per event, which has all that its socket's context has, and its own.
 */

/** For one event of that socket. */
export class EventLife implements EventContext<DefaultEventsMap> {
  readonly event: { readonly name: string; payload: unknown; readonly wantsAck: boolean }
  readonly #connection: ConnectionContext
  readonly #compiled: CompiledEvent
  #abort: AbortController | undefined
  #abortReason: unknown

  constructor(connection: ConnectionContext, compiled: CompiledEvent, payload: unknown, wantsAck: boolean) {
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

  get socket(): ConnectionContext['socket'] {
    return this.#connection.socket
  }

  get namespace(): ConnectionContext['namespace'] {
    return this.#connection.namespace
  }

  get emit(): ConnectionContext['emit'] {
    return this.#connection.emit
  }

  get to(): ConnectionContext['to'] {
    return this.#connection.to
  }

  get ask(): ConnectionContext['ask'] {
    return this.#connection.ask
  }

  get reauthenticate(): ConnectionContext['reauthenticate'] {
    return this.#connection.reauthenticate
  }

  get request(): ConnectionContext['request'] {
    return this.#connection.request
  }

  get params(): ConnectionContext['params'] {
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

  /** Aborts the signal, also one that is asked for later. */
  abort(reason: Error): void {
    this.#abortReason ??= reason
    this.#abort?.abort(reason)
  }
}
