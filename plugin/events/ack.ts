import type { Socket } from 'socket.io'
import type { AckEnvelope } from '../definition/contract/ack-envelope.js'
import type { Write } from '../schema/stringify.js'
import { carriesBinary } from '../shared/json-value.js'
import { isThenable } from '../shared/maybe-async.js'
import { encodePacket } from '../wire/packet-codec.js'
import { ackText } from '../wire/packet-text.js'
import { PacketType } from '../wire/socket-io-packages.js'

/*
 * The ack of an event. The first call sends it; every later call is ignored, whether the plugin or the application makes it.
 */

/** The last argument of an event with an ack: Socket.IO's function, or the function of an `Ack` in its place. */
type SendAck = (...args: unknown[]) => void

const ACK = Symbol('ack')

/** An ack function that leads back to its `Ack`, which knows whether the function was called. */
type TrackedSend = SendAck & { [ACK]?: Ack }

/** Sends the ack of one event, once. */
export abstract class Ack {
  isSent = false
  /** Called when the ack is sent, by the plugin or by the application. */
  whenSent: (() => void) | undefined = undefined
  /** Promises that `onAny` listeners returned. An event that nothing else answers waits for them. */
  pending: PromiseLike<unknown>[] | undefined = undefined
  #call: TrackedSend | undefined = undefined

  /** The ack function for the application. */
  get call(): SendAck {
    this.#call ??= Object.assign((...args: unknown[]) => this.sendArguments(args), { [ACK]: this })
    return this.#call
  }

  /**
   * @param write - serializes the envelope's data, if the reply's schema allows it
   * @throws if the envelope can't be encoded
   */
  abstract send(envelope: AckEnvelope, write: Write | undefined): void

  sendArguments(args: readonly unknown[]): void {
    if (this.isSent) return
    try {
      this.write(args)
      this.isSent = true
    } finally {
      if (this.isSent) this.settle()
    }
  }

  /**
   * Sets `isSent` once the arguments are encoded: if a listener of the connection throws then, the ack may have been sent.
   *
   * @throws if the arguments can't be encoded
   */
  protected abstract write(args: readonly unknown[]): void

  protected settle(): void {
    this.isSent = true
    this.whenSent?.()
  }
}

/** Answers with the ack function of Socket.IO. */
class FunctionAck extends Ack {
  readonly #send: SendAck

  constructor(send: TrackedSend) {
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

/** Answers with the id of the ack, for an event that bypasses Socket.IO: it writes the packet itself. */
export class NumberedAck extends Ack {
  readonly #socket: Socket
  readonly #id: number
  readonly #isText: boolean

  /** @param isText - whether packets are texts of Socket.IO's own parser */
  constructor(socket: Socket, id: number, isText: boolean) {
    super()
    this.#socket = socket
    this.#id = id
    this.#isText = isText
  }

  send(envelope: AckEnvelope, write: Write | undefined): void {
    const json = envelope.ok && this.#isText ? write?.(envelope.data) : undefined
    if (json !== undefined) this.#writeText(`{"ok":true,"data":${json}}`)
    else if (!this.#isText || carriesBinary(envelope)) this.sendArguments([envelope])
    else this.#writeText(JSON.stringify(envelope))
  }

  /** Does what Socket.IO's ack function does. */
  protected write(args: readonly unknown[]): void {
    const { nsp, conn } = this.#socket
    const packet = { type: PacketType.ACK, nsp: nsp.name, id: this.#id, data: args }
    const parts = encodePacket(nsp.server, packet)
    this.isSent = true
    for (const part of parts) conn.write(part)
  }

  #writeText(json: string): void {
    if (this.isSent) return
    const { nsp, conn } = this.#socket
    // Before the write: if a listener of the connection throws, the ack may have been sent.
    this.isSent = true
    try {
      conn.write(ackText(nsp.name, this.#id, json))
    } finally {
      this.settle()
    }
  }
}

/** Returns the `Ack` of an ack function, and creates one for a function that has none. */
export function ackOf(send: TrackedSend): Ack {
  return send[ACK] ?? new FunctionAck(send)
}

/** Calls an `onAny` listener. If nothing else answers the event, the promise that the listener returns is waited for. */
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
