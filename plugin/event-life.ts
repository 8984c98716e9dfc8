import type { FastifyBaseLogger } from 'fastify'
import type { DefaultEventsMap } from 'socket.io'
import type { ConnectionContext } from './context.js'
import type { CompiledEvent } from './contract.js'
import type { EventContext } from './definition.js'
import { FST_NSP_ERROR_UNDECLARED } from './errors.js'
import { DeclaredError } from './wire-error.js'

/*
 * What handlers and event hooks receive: one object per event, which has all that its socket's context has, and its own.
 */

/** For one event of that socket. */
export class EventLife implements EventContext<DefaultEventsMap> {
  readonly socket: ConnectionContext['socket']
  readonly namespace: ConnectionContext['namespace']
  readonly emit: ConnectionContext['emit']
  readonly to: ConnectionContext['to']
  readonly ask: ConnectionContext['ask']
  readonly reauthenticate: ConnectionContext['reauthenticate']
  readonly event: { readonly name: string; payload: unknown; readonly wantsAck: boolean }
  readonly #connection: ConnectionContext
  readonly #compiled: CompiledEvent
  #abort: AbortController | undefined
  #abortReason: unknown

  constructor(connection: ConnectionContext, compiled: CompiledEvent, payload: unknown, wantsAck: boolean) {
    this.#connection = connection
    this.#compiled = compiled
    this.socket = connection.socket
    this.namespace = connection.namespace
    this.emit = connection.emit
    this.to = connection.to
    this.ask = connection.ask as ConnectionContext['ask']
    this.reauthenticate = connection.reauthenticate
    this.event = { name: compiled.name, payload, wantsAck }
  }

  get error(): (code: string, data: unknown) => DeclaredError {
    const { name, errors } = this.#compiled
    return (code, data) => {
      if (!errors.has(code)) throw new FST_NSP_ERROR_UNDECLARED(code, name)
      return new DeclaredError(code, data)
    }
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
