import type { Socket } from 'socket.io'
import { type Ack, NumberedAck } from '../ack.js'
import { EventGate } from '../gate/event-gate.js'
import type { EventRates } from '../gate/event-rates.js'
import type { GateRules } from '../gate/gate-rules.js'
import type { IncomingEvent } from '../incoming-event.js'
import { CANCEL, MORE, SocketStreams, type StreamEvents } from './socket-streams.js'

/*
 * The gate of a socket whose namespace has streams. The events that control them are handled before all others: no middleware and
 * no listener receives them.
 */

export class StreamGate extends EventGate implements StreamEvents {
  readonly #socket: Socket
  readonly #rules: GateRules
  #streams: SocketStreams | undefined = undefined

  constructor(socket: Socket, rules: GateRules, rates: EventRates | undefined) {
    super(socket, rules, rates)
    this.#socket = socket
    this.#rules = rules
  }

  /** Created with the first stream: most sockets are idle. */
  get streams(): SocketStreams {
    this.#streams ??= new SocketStreams(this.#rules.limits.streamsPerSocket)
    return this.#streams
  }

  get rules(): GateRules {
    return this.#rules
  }

  takeRate(): boolean {
    return this.refusals.rates.bucket.take() === 0
  }

  override knows(event: string): boolean {
    return isControl(event) || super.knows(event)
  }

  override receive(data: readonly unknown[], id: number | undefined, isJson: boolean): void {
    const [name, stream, count] = data
    if (!isControl(name)) super.receive(data, id, isJson)
    else this.#control(name, stream, count, id === undefined ? undefined : this.#ackOf(id))
  }

  override accept(incoming: IncomingEvent): void {
    const { name, payload, options, ack } = incoming
    if (isControl(name)) this.#control(name, payload, options, ack)
    else {
      this.#streams?.expect(incoming.options)
      super.accept(incoming)
    }
  }

  #ackOf(id: number): Ack {
    return new NumberedAck(this.#socket, id, this.#rules.isText)
  }

  /** An ack is not part of the format, but the `retries` of a client wait for one. */
  #control(name: string, id: unknown, count: unknown, ack: Ack | undefined): void {
    if (!this.#socket.connected) return
    this.streams.control(name, id, count, this)
    ack?.send({ ok: true, data: undefined }, undefined)
  }
}

/** Whether an event controls a stream. */
export function isControl(name: unknown): name is string {
  return name === MORE || name === CANCEL
}
