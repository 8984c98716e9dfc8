import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import * as stock from 'socket.io-parser'
import { type Packet, PacketType } from 'socket.io-parser'
import { withoutDetails } from './connect-error-packet.js'
import { type Bounds, boundPacket, isEvent } from './packet-limits.js'
import { eventText } from './packet-text.js'

/*
 * What goes over the wire, behind Socket.IO's own `parser` option, with its own encoder and decoder inside: every packet
 * that comes in is bounded before anything recurses over it or spreads it. What goes out was checked where it was emitted.
 */

/** What we need of the engine's socket. */
export interface Connection {
  readonly protocol: number
  readonly readyState: string
  readonly request: IncomingMessage
  write(data: string): unknown
  close(): unknown
}

/** What we need of the server, to write a packet. */
export type Encoding = Pick<Server, 'encoder'>

/** Socket.IO's `parser` option. */
export interface Parser {
  readonly Encoder: new () => stock.Encoder
  readonly Decoder: new () => stock.Decoder
}

/** Decides on a connect: hands the packet on with `pass`, now or later, or answers it itself. */
export type ReceiveConnect = (connection: Connection, packet: Packet, pass: () => void) => void

export interface CodecOptions {
  readonly limits: Bounds
  /** The JSON of a payload that was checked; undefined where JSON.stringify has to write it. */
  readonly textOf?: (payload: unknown) => string | undefined
  readonly receiveConnect: ReceiveConnect
  /** Gives a refusal its words; it is asked once for each that goes out. */
  readonly explain: (refusal: Packet) => Packet
  /** Whether any other packet that is no event is handed on; a throw closes its connection. Default: it is. */
  readonly admits?: (connection: Connection, packet: Packet) => boolean
  /** Hears of a connection that has ended. */
  readonly forget?: (connection: Connection) => void
  /** Hears of a refusal that could not be encoded; what can be is told. */
  readonly reportRefusal?: (error: unknown, namespace: string) => void
  /** The application's own encoder and decoder, e.g. of socket.io-msgpack-parser. Default: Socket.IO's. */
  readonly base?: Parser | undefined
}

export interface Codec {
  /** The value of Socket.IO's `parser` option. */
  readonly parser: { readonly Encoder: new () => stock.Encoder; readonly Decoder: new () => EventEmitter }
  /** Tells whose packets the decoder that is made next will have; Socket.IO makes it without a word of that. */
  expect(connection: Connection): void
}

export function createCodec(options: CodecOptions): Codec {
  const { limits, textOf, receiveConnect, explain, admits, forget, reportRefusal } = options
  const base: Parser = options.base ?? stock
  let expected: Connection | undefined
  const isText = base === stock

  class CheckingEncoder extends base.Encoder {
    /** `offset` is what an adapter that recovers sessions adds to an event. */
    override encode(packet: Packet, offset?: string) {
      if (packet.type === PacketType.CONNECT_ERROR) return this.#encodeRefusal(packet)
      if (packet.type !== PacketType.EVENT) return super.encode(packet)
      const data = packet.data as [string, ...unknown[]]
      const json = isText && data.length === 2 ? textOf?.(data[1]) : undefined
      if (json !== undefined) return [eventText(packet, data[0], json, offset)]
      return super.encode(offset === undefined ? packet : { ...packet, data: [...data, offset] })
    }

    /** All roads of a refusal meet here, and one that can't be written would end the process. */
    #encodeRefusal(packet: Packet) {
      try {
        return super.encode(explain(packet))
      } catch (error) {
        reportRefusal?.(error, packet.nsp)
        return super.encode(withoutDetails(packet))
      }
    }
  }

  // One for all connections, of packets that are whole in one text: it keeps nothing of them.
  const common = new base.Decoder()
  let reading: BoundedDecoder
  common.on('decoded', (packet) => reading.receive(packet))

  /** The decoder within one of the same face, that looks at each packet before it is handed on. */
  class BoundedDecoder extends EventEmitter {
    readonly #connection = expected
    /** Of attachments, or of the application. */
    #own: stock.Decoder | undefined = undefined
    #bytes = 0

    receive(packet: Packet): void {
      // The stock decoder checks what an event carries only if it carries something. It's a break of the protocol, as a
      // wrong payload is: whoever throws here closes the connection.
      if (isEvent(packet) && packet.data === undefined) throw new TypeError('The event has no name')
      const isWanted = boundPacket(packet, this.#bytes, limits)
      this.#bytes = 0
      if (!isWanted) return
      const connection = this.#connection
      if (connection && !isEvent(packet)) this.#receive(connection, packet)
      else this.emit('decoded', packet)
    }

    #receive(connection: Connection, packet: Packet): void {
      if (packet.type === PacketType.CONNECT) this.#receiveConnect(connection, packet)
      else if (admits?.(connection, packet) !== false) this.emit('decoded', packet)
    }

    #receiveConnect(connection: Connection, packet: Packet): void {
      // Socket.IO would make one of its own where there is none, and later we could not tell whose it is.
      packet.data ??= {}
      receiveConnect(connection, packet, () => this.emit('decoded', packet))
    }

    /** Whether attachments are to come: whatever else comes before them is a break of the protocol. */
    get isWaiting(): boolean {
      return this.#bytes > 0
    }

    add(chunk: string | Buffer): void {
      this.#bytes += chunk.length // of a text the characters: counting its bytes would cost more than it tells
      if (!this.#own && isText && isWhole(chunk)) {
        reading = this
        common.add(chunk)
      } else this.#decode(chunk)
    }

    #decode(chunk: string | Buffer): void {
      if (!this.#own) {
        this.#own = new base.Decoder()
        this.#own.on('decoded', (packet) => this.receive(packet))
      }
      this.#own.add(chunk)
    }

    // Socket.IO does so as a connection ends, however it ends.
    destroy(): void {
      this.#own?.destroy()
      if (this.#connection) forget?.(this.#connection)
    }
  }

  return {
    parser: { Encoder: CheckingEncoder, Decoder: BoundedDecoder },
    expect(connection) {
      expected = connection
    },
  }
}

/** Writes a packet to one connection, now and past the adapter. throws where it can't be encoded: nothing is written. */
export function writePacket({ encoder }: Encoding, connection: Pick<Connection, 'write'>, packet: Packet): void {
  for (const part of encoder.encode(packet)) connection.write(part)
}

// '5' and '6': an event and an ack with attachments
const BINARY_EVENT = 53
const BINARY_ACK = 54

function isWhole(chunk: string | Buffer): boolean {
  if (typeof chunk !== 'string') return false
  const type = chunk.charCodeAt(0)
  return type !== BINARY_EVENT && type !== BINARY_ACK
}
