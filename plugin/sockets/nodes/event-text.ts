import type { Packet } from 'socket.io-parser'
import { Decoder, Encoder, PacketType } from '../../wire/socket-io-packages.js'

/*
 * Arguments between nodes as strings. Some adapters send JSON, which has no binary data; Socket.IO's own encoding has.
 */

const ENCODER = new Encoder()

/** @throws for a value that JSON can't express */
export function encodeArguments(data: readonly unknown[]): string[] {
  const [text, ...attachments] = ENCODER.encode({ type: PacketType.EVENT, nsp: '/', data: ['', ...data] })
  return [text as string, ...attachments.map((bytes) => Buffer.from(bytes as Buffer).toString('base64'))]
}

/** @throws for data that {@link encodeArguments} has not written */
export function decodeArguments(encoded: unknown): unknown[] {
  const [text, ...attachments] = encoded as string[]
  const decoder = new Decoder({ maxAttachments: Number.POSITIVE_INFINITY })
  let data: unknown[] = []
  decoder.on('decoded', (packet: Packet) => {
    data = packet.data as unknown[]
  })
  decoder.add(text)
  for (const bytes of attachments) decoder.add(Buffer.from(bytes, 'base64'))
  return data.slice(1)
}
