import type { Event, Socket } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import { writePacket } from './codec.js'
import type { AckEnvelope } from './definition.js'
import { ackText } from './packet.js'
import type { Ack, Arrival } from './passage.js'
import { carriesBinary } from './plain.js'
import type { Write } from './writer.js'

/*
 * The two ways on which an event comes to its gate: by Socket.IO, with its ack as a function, and by the fast lane, with
 * the number of its ack.
 */

/** The function that Socket.IO hands on as the last argument of an event with an ack. */
type SendAck = (...args: unknown[]) => void

/** An event that Socket.IO hands on, to whom `next` gives it back. */
export class HandedOn implements Arrival {
  readonly name: string
  readonly payload: unknown
  readonly isJson = false
  readonly count: number
  readonly ack: Ack | undefined
  readonly passOn: () => void

  constructor(event: Event, next: () => void) {
    const last = event.at(-1)
    const isAcked = event.length > 1 && typeof last === 'function'
    this.name = String(event[0])
    this.count = event.length - (isAcked ? 2 : 1)
    this.payload = this.count > 0 ? event[1] : undefined
    this.ack = isAcked ? new FunctionAck(last) : undefined
    this.passOn = next
  }
}

class FunctionAck implements Ack {
  readonly #send: SendAck

  constructor(send: SendAck) {
    this.#send = send
  }

  send(envelope: AckEnvelope): void {
    this.#send(envelope)
  }
}

/** An event of the fast lane. It is declared: there is nobody else to give it to. */
export class Laned implements Arrival {
  readonly name: string
  readonly payload: unknown
  readonly isJson = true
  readonly count: number
  readonly ack: NumberedAck | undefined
  readonly passOn = undefined

  /** in: the list of its name and arguments, and the number of its ack. */
  constructor(socket: Socket, data: readonly unknown[], id: number | undefined) {
    this.name = data[0] as string
    this.payload = data[1]
    this.count = data.length - 1
    this.ack = id === undefined ? undefined : new NumberedAck(socket, id)
  }
}

export class NumberedAck implements Ack {
  readonly #socket: Socket
  readonly #id: number
  #isSent = false

  constructor(socket: Socket, id: number) {
    this.#socket = socket
    this.#id = id
  }

  send(envelope: AckEnvelope, write: Write | undefined): void {
    const json = envelope.ok ? write?.(envelope.data) : undefined
    if (json !== undefined) this.#write(`{"ok":true,"data":${json}}`)
    else if (carriesBinary(envelope)) this.sendArguments([envelope])
    else this.#write(JSON.stringify(envelope))
  }

  /** What the function of Socket.IO does: listeners of any event have it. */
  sendArguments(args: readonly unknown[]): void {
    if (this.#isSent) return
    const { nsp, conn } = this.#socket
    writePacket(nsp.server, conn, { type: PacketType.ACK, nsp: nsp.name, id: this.#id, data: args })
    this.#isSent = true
  }

  #write(json: string): void {
    if (this.#isSent) return
    this.#isSent = true
    const { nsp, conn } = this.#socket
    conn.write(ackText(nsp.name, this.#id, json))
  }
}
