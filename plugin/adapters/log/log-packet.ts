import type { Packet } from 'socket.io-parser'
import { Decoder, Encoder, PacketType } from '../../wire/socket-io-packages.js'
import type { EmitItem } from './log-item.js'

/*
 * From an emit of the log to a packet for a client, which may have one more argument, last: the offset.
 */

/** The packet of an emit, as Socket.IO's own encoder writes it. */
type EncodedEvent = Pick<EmitItem, 'text' | 'attachments'>

/** The parts of the packet: its text, and its attachments. The text was written by Socket.IO's own encoder. */
export function encodeItem({ text, attachments }: EncodedEvent, offset: string | undefined): (string | Buffer)[] {
  return [offset === undefined ? text : `${text.slice(0, -1)},${JSON.stringify(offset)}]`, ...attachments]
}

/** Whether the text begins as that of an event to an address. */
export function isTo(address: string, { text, attachments }: EncodedEvent): boolean {
  return text.startsWith(`${beginningOf(address, attachments.length)}[`)
}

/** Whether a client can read the packet. */
export function isReadable(item: EncodedEvent, address: string): boolean {
  if (!isTo(address, item)) return false
  try {
    const data: unknown = JSON.parse(item.text.slice(beginningOf(address, item.attachments.length).length))
    return Array.isArray(data) && data.length > 0
  } catch {
    return false
  }
}

/** What stands before the data: `2`, `2/chat,`, `51-/chat,`. */
function beginningOf(address: string, attachments: number): string {
  const type = attachments === 0 ? '2' : `5${attachments}-`
  return address === '/' ? type : `${type}${address},`
}

/**
 * Decodes the packet.
 *
 * @throws what Socket.IO's decoder throws for what is not an event
 */
export function decodeEvent(item: EncodedEvent, nsp: string, offset: string | undefined): Packet {
  const decoder = new Decoder({ maxAttachments: Number.POSITIVE_INFINITY })
  const packets: Packet[] = []
  decoder.on('decoded', (packet: Packet) => packets.push(packet))
  for (const part of encodeItem(item, offset)) decoder.add(part)
  const [packet] = packets
  if (!packet) throw new TypeError('It has too few attachments')
  return { ...packet, nsp }
}

// For values between nodes, which may have binary data.
const ENCODER = new Encoder()

/** Encodes a value as texts: its JSON, and its attachments. */
export function encodeValue(value: unknown): string[] {
  const [text, ...attachments] = ENCODER.encode({ type: PacketType.EVENT, nsp: '/', data: ['', value] })
  return [text as string, ...attachments.map((bytes) => Buffer.from(bytes as Buffer).toString('base64'))]
}

/** @throws for what {@link encodeValue} has not written */
export function decodeValue([text, ...attachments]: readonly string[]): unknown {
  const parts = { text: String(text), attachments: attachments.map((each) => Buffer.from(each, 'base64')) }
  return decodeEvent(parts, '/', undefined).data[1]
}
