import type { Socket } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import type { AckEnvelope } from '../definition/namespace-definition.js'
import type { Write } from '../schema/stringify.js'
import { carriesBinary } from '../shared/json-value.js'
import { isThenable } from '../shared/maybe-async.js'
import { writePacket } from '../wire/packet-codec.js'
import { ackText } from '../wire/packet-text.js'

/*
 * The ack of an event: the first that is sent goes out, and no other, whoever sends it.
 */

/** A function that Socket.IO hands on as the last argument of an event with an ack, or one of ours in its place. */
type SendAck = (...args: unknown[]) => void

const ACK = Symbol('ack')

/** Whether it was called is known of our own functions only: they know their ack, and so does the one of Socket.IO. */
type Followed = SendAck & { [ACK]?: Ack }

/** Where the one argument of an ack goes, and the function for it that the application gets. */
export abstract class Ack {
  isSent = false
  /** Hears that it has been sent, by whomever. */
  whenSent: (() => void) | undefined = undefined
  /** What listeners of any event have returned that is to be waited for. */
  pending: PromiseLike<unknown>[] | undefined = undefined
  #call: Followed | undefined = undefined

  /** Sends it, once. */
  get call(): SendAck {
    this.#call ??= Object.assign((...args: unknown[]) => this.sendArguments(args), { [ACK]: this })
    return this.#call
  }

  /** `write` makes text of the envelope's data, where its schema has a writer. Throws if it can't be encoded. */
  abstract send(envelope: AckEnvelope, write: Write | undefined): void

  sendArguments(args: readonly unknown[]): void {
    if (this.isSent) return
    this.write(args)
    this.settle()
  }

  /** Throws where the arguments can't be encoded. */
  protected abstract write(args: readonly unknown[]): void

  protected settle(): void {
    this.isSent = true
    this.whenSent?.()
  }
}

class FunctionAck extends Ack {
  readonly #send: SendAck

  constructor(send: Followed) {
    super()
    this.#send = send
    send[ACK] = this
  }

  send(envelope: AckEnvelope): void {
    this.sendArguments([envelope])
  }

  protected write(args: readonly unknown[]): void {
    this.#send(...args)
  }
}

export class NumberedAck extends Ack {
  readonly #socket: Socket
  readonly #id: number

  constructor(socket: Socket, id: number) {
    super()
    this.#socket = socket
    this.#id = id
  }

  send(envelope: AckEnvelope, write: Write | undefined): void {
    const json = envelope.ok ? write?.(envelope.data) : undefined
    if (json !== undefined) this.#writeText(`{"ok":true,"data":${json}}`)
    else if (carriesBinary(envelope)) this.sendArguments([envelope])
    else this.#writeText(JSON.stringify(envelope))
  }

  /** What the function of Socket.IO does. */
  protected write(args: readonly unknown[]): void {
    const { nsp, conn } = this.#socket
    writePacket(nsp.server, conn, { type: PacketType.ACK, nsp: nsp.name, id: this.#id, data: args })
  }

  #writeText(json: string): void {
    if (this.isSent) return
    const { nsp, conn } = this.#socket
    conn.write(ackText(nsp.name, this.#id, json))
    this.settle()
  }
}

/** The ack of a function that is handed on. */
export function ackOf(send: Followed): Ack {
  return send[ACK] ?? new FunctionAck(send)
}

/**
 * Calls a listener of any event with an event's arguments. Whether it acks is known later, and a promise that it returns
 * is waited for where nobody else answers the event.
 */
export function callAnyListener(listener: SendAck, socket: Socket, event: unknown, args: readonly unknown[]): unknown {
  const last = args.at(-1)
  if (typeof last !== 'function') return Reflect.apply(listener, socket, [event, ...args])
  const ack = ackOf(last as SendAck)
  const returned: unknown = Reflect.apply(listener, socket, [event, ...args.slice(0, -1), ack.call])
  if (isThenable(returned)) {
    ack.pending ??= []
    ack.pending.push(returned)
  }
  return returned
}
