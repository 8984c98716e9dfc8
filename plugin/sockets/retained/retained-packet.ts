import type { Server, Socket } from 'socket.io'
import type { Packet } from 'socket.io-parser'
import type { EncodedEmit } from '../../shared/retained-emits.js'
import { encodeAsText, encodeEmit } from '../../wire/encode-emit.js'
import { Decoder, PacketType } from '../../wire/socket-io-packages.js'

/*
 * Encodes emits that are kept, and sends them to those who have joined: as they were, with one more argument.
 */

const MARK = { retained: true }
const MARK_TEXT = `,${JSON.stringify(MARK)}]`

/** An emit without a payload has null in its place: the mark is the second argument. */
export function encodeKept(address: string, [event, payload = null]: readonly unknown[]): EncodedEmit {
  const packet = { type: PacketType.EVENT, nsp: address, data: [event, payload] }
  const [text, ...attachments] = encodeEmit(packet, encodeAsText) as [string, ...Buffer[]]
  return { text, attachments }
}

/** Returns a function that sends what is kept to one socket. `isText`: whether packets are encoded as Socket.IO does it by default. */
export function createRetainedSend(io: Server, isText: boolean): (socket: Socket, encoded: EncodedEmit) => void {
  function encode({ text, attachments }: EncodedEmit): unknown[] {
    const marked = [text.slice(0, -1) + MARK_TEXT, ...attachments]
    if (isText) return marked
    const decoder = new Decoder({ maxAttachments: Number.POSITIVE_INFINITY })
    let packet: Packet | undefined
    decoder.on('decoded', (decoded: Packet) => {
      packet = decoded
    })
    for (const part of marked) decoder.add(part)
    return io.encoder.encode(packet as Packet)
  }

  return (socket, encoded) => socket.client._packet(encode(encoded) as Packet[], { preEncoded: true })
}
