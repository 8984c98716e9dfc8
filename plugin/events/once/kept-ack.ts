import type { Packet } from 'socket.io-parser'
import type { AckEnvelope } from '../../definition/contract/ack-envelope.js'
import { carriesBinary } from '../../shared/json-value.js'
import { Decoder, Encoder, PacketType } from '../../wire/socket-io-packages.js'

/*
 * Encodes an ack as the text that an idempotency store keeps: the JSON of its envelope; or, if it has binary data, a JSON
 * array of the packet's text and of its attachments in base64.
 */

/** @throws if the ack can't be encoded */
export async function encodeAck(envelope: AckEnvelope): Promise<string> {
  if (!carriesBinary(envelope)) return JSON.stringify(envelope)
  const [text, ...attachments] = new Encoder().encode({ type: PacketType.ACK, nsp: '/', id: 0, data: [envelope] })
  const buffers = await Promise.all(attachments.map(toBuffer))
  return JSON.stringify([text, ...buffers.map((buffer) => buffer.toString('base64'))])
}

/** @throws if the text was not written by `encodeAck` */
export function decodeAck(kept: string): AckEnvelope {
  const value: unknown = JSON.parse(kept)
  const envelope = Array.isArray(value) ? decodePacket(value) : value
  const { ok } = Object(envelope) as { readonly ok?: unknown }
  if (typeof ok !== 'boolean') throw new TypeError('The stored text is not an ack')
  return envelope as AckEnvelope
}

function decodePacket([text, ...attachments]: string[]): unknown {
  const decoder = new Decoder()
  let envelope: unknown
  decoder.on('decoded', ({ data }: Packet) => {
    envelope = data[0]
  })
  decoder.add(text)
  for (const attachment of attachments) decoder.add(Buffer.from(attachment, 'base64'))
  if (!envelope) throw new TypeError('An attachment is missing')
  return envelope
}

async function toBuffer(attachment: unknown): Promise<Buffer> {
  if (attachment instanceof Blob) return Buffer.from(await attachment.arrayBuffer())
  if (!ArrayBuffer.isView(attachment)) return Buffer.from(attachment as ArrayBuffer)
  return Buffer.from(attachment.buffer, attachment.byteOffset, attachment.byteLength)
}
