import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import type * as parserPackage from 'socket.io-parser'
import type { Packet } from 'socket.io-parser'
import { connectionStateOf } from './connection-state.js'
import { findReceiver } from './event-receivers.js'
import { createEncoderClass, type EncoderOptions } from './packet-encoder.js'
import { isEvent, limitPacket, type PacketLimits } from './packet-limits.js'
import { addToBatch, deferBatch } from './read-batch.js'
import { Decoder, Encoder, PacketType } from './socket-io-packages.js'

/*
 * The value of Socket.IO's `parser` option: an encoder and a decoder around those of Socket.IO or the application. Every incoming
 * packet is checked against the limits before any code recurses over it or spreads it.
 */

/** The engine's socket, as far as the plugin uses it. */
export interface Connection {
  readonly protocol: number
  readonly readyState: string
  readonly request: IncomingMessage
  write(data: string): unknown
  close(): unknown
}

/** The part of the server that writes a packet. */
export type Encoding = Pick<Server, 'encoder'>

/** Socket.IO's `parser` option. */
export interface Parser {
  readonly Encoder: new () => parserPackage.Encoder
  readonly Decoder: new () => parserPackage.Decoder
}

/** Decides on a connect: calls `pass`, now or later, to hand the packet on to Socket.IO, or answers it itself. */
export type ReceiveConnect = (connection: Connection, packet: Packet, pass: () => void) => void

export interface CodecOptions extends EncoderOptions {
  readonly limits: PacketLimits
  readonly receiveConnect: ReceiveConnect
  /**
   * Whether to hand on a packet that is neither a connect nor an event. A throw closes its connection.
   * @defaultValue all are handed on
   */
  readonly admits?: (connection: Connection, packet: Packet) => boolean
  /** Called when a connection has ended. */
  readonly forget?: (connection: Connection) => void
  /**
   * The application's encoder and decoder, e.g. of socket.io-msgpack-parser.
   * @defaultValue those of socket.io-parser
   */
  readonly base?: Parser | undefined
  /**
   * Whether all connections share one of Socket.IO's decoders for packets without attachments: less memory.
   * @defaultValue `true`
   */
  readonly sharesDecoder?: boolean
}

export interface Codec {
  /** The value of Socket.IO's `parser` option. */
  readonly parser: { readonly Encoder: new () => parserPackage.Encoder; readonly Decoder: new () => EventEmitter }
  /** Names the connection of the decoder that is created next: Socket.IO creates it without arguments. */
  expect(connection: Connection): void
}

export function createCodec(options: CodecOptions): Codec {
  const { limits, receiveConnect, admits, forget, sharesDecoder = true } = options
  const base: Parser = options.base ?? { Encoder, Decoder }
  let expected: Connection | undefined
  const isText = options.base === undefined

  // It keeps no state between packets without attachments.
  const common = new base.Decoder()
  common.on('decoded', (packet) => reading.receive(packet))

  /** Wraps a decoder and checks each packet before Socket.IO receives it. */
  class CheckingDecoder extends EventEmitter {
    readonly #connection = expected
    readonly #state = expected && connectionStateOf(expected)
    /** Created for the first packet that is not left to the common one. */
    #own: parserPackage.Decoder | undefined = undefined
    #bytes = 0
    /** Whether the packet that is decoded is JSON, without attachments. */
    #isJson = false

    constructor() {
      super()
      if (this.#state) this.#state.decoder = this
    }

    receive(packet: Packet): void {
      // Socket.IO's decoder checks the data of an event only if there is some. A throw closes the connection, as for any
      // other violation of the protocol.
      if (isEvent(packet) && packet.data === undefined) throw new TypeError('The event has no name')
      const isWanted = limitPacket(packet, this.#bytes, limits)
      this.#bytes = 0
      if (!isWanted) return
      const connection = this.#connection
      if (isEvent(packet)) this.#receiveEvent(packet)
      else if (connection) this.#receive(connection, packet)
      else this.emit('decoded', packet)
    }

    /** A declared event goes to its receiver, all others to Socket.IO. */
    #receiveEvent(packet: Packet): void {
      const { nsp, data, id } = packet
      const receiver = findReceiver(this.#state?.receivers, nsp, data[0])
      if (receiver) addToBatch(receiver, data, id, this.#isJson)
      else this.#handOn(packet)
    }

    #receive(connection: Connection, packet: Packet): void {
      if (packet.type === PacketType.CONNECT) this.#receiveConnect(connection, packet)
      else if (admits?.(connection, packet) !== false) this.#handOn(packet)
    }

    /** Socket.IO handles the packet in the next tick. An event behind a disconnect must not overtake it. */
    #handOn(packet: Packet): void {
      deferBatch()
      this.emit('decoded', packet)
    }

    #receiveConnect(connection: Connection, packet: Packet): void {
      // Socket.IO would create the object if it is missing, and the plugin could not find the connect by it later.
      packet.data ??= {}
      receiveConnect(connection, packet, () => this.emit('decoded', packet))
    }

    /** Whether attachments are still to come. Any other packet before them violates the protocol. */
    get isWaiting(): boolean {
      return this.#bytes > 0
    }

    add(chunk: string | Buffer): void {
      const { isWaiting } = this
      this.#bytes += chunk.length // characters of a text: counting its bytes is not worth the time
      this.#isJson = !isWaiting && isText && isWhole(chunk)
      if (this.#isJson && sharesDecoder) {
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

    // Socket.IO calls it whenever a connection ends.
    destroy(): void {
      this.#own?.destroy()
      // Without these two lines the last connections of a server would stay in memory.
      if (reading === this) reading = idle
      if (expected === this.#connection) expected = undefined
      if (this.#connection) forget?.(this.#connection)
    }
  }

  const idle = new CheckingDecoder()
  let reading = idle

  return {
    parser: { Encoder: createEncoderClass(base.Encoder, isText, options), Decoder: CheckingDecoder },
    expect(connection) {
      expected = connection
    },
  }
}

/** @throws if the packet can't be encoded */
export function encodePacket({ encoder }: Encoding, packet: Packet): string[] {
  return encoder.encode(packet)
}

/**
 * Writes a packet to one connection at once, without the adapter.
 *
 * @throws if the packet can't be encoded; then nothing is written
 */
export function writePacket(server: Encoding, connection: Pick<Connection, 'write'>, packet: Packet): void {
  for (const part of encodePacket(server, packet)) connection.write(part)
}

// '5' and '6': an event with attachments, an ack with attachments
const BINARY_EVENT = 53
const BINARY_ACK = 54

function isWhole(chunk: string | Buffer): boolean {
  if (typeof chunk !== 'string') return false
  const type = chunk.charCodeAt(0)
  return type !== BINARY_EVENT && type !== BINARY_ACK
}
