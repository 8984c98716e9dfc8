import type * as parserPackage from 'socket.io-parser'
import type { Packet } from 'socket.io-parser'
import { withoutDetails } from './connect-error-packet.js'
import { certainToDecode, encodeEmit } from './encode-emit.js'
import { eventText } from './packet-text.js'
import { PacketType } from './socket-io-packages.js'

/*
 * The encoder of Socket.IO's `parser` option, around that of Socket.IO or the application. It writes the JSON of a checked payload as
 * it is, and completes each CONNECT_ERROR. Emits were checked by their schemas before they get here.
 */

export interface EncoderOptions {
  /** The JSON of a checked payload; undefined if JSON.stringify has to write it. */
  readonly textOf?: (payload: unknown) => string | undefined
  /** Called once for each CONNECT_ERROR packet; returns the packet that is sent. */
  readonly explain: (refusal: Packet) => Packet
  /** Called when a CONNECT_ERROR packet can't be encoded; it is sent without its details. */
  readonly reportRefusal?: (error: unknown, namespace: string) => void
}

type EncoderClass = new () => parserPackage.Encoder

/**
 * @param BaseEncoder - the encoder that writes all other packets
 * @param isText - whether that is the one of Socket.IO
 */
export function createEncoderClass(
  BaseEncoder: EncoderClass,
  isText: boolean,
  { textOf, explain, reportRefusal }: EncoderOptions,
): EncoderClass {
  return class CheckingEncoder extends BaseEncoder {
    /** @param offset - added to an event by an adapter that recovers connections */
    override encode(packet: Packet, offset?: string) {
      if (packet.type === PacketType.CONNECT_ERROR) return this.#encodeRefusal(packet)
      if (packet.type !== PacketType.EVENT) return this.#encode(packet)
      const data = packet.data as [string, ...unknown[]]
      const json = isText && data.length === 2 ? textOf?.(data[1]) : undefined
      if (json !== undefined) return [eventText(packet, data[0], json, offset)]
      return encodeEmit(offset === undefined ? packet : { ...packet, data: [...data, offset] }, this.#encode)
    }

    readonly #encode = (packet: Packet) => {
      const parts = super.encode(packet)
      return isText ? certainToDecode(parts) : parts
    }

    /** Encodes every CONNECT_ERROR of the server. If one could not be encoded, the throw would end the process. */
    #encodeRefusal(packet: Packet) {
      try {
        return super.encode(explain(packet))
      } catch (error) {
        reportRefusal?.(error, packet.nsp)
        return super.encode(withoutDetails(packet))
      }
    }
  }
}
