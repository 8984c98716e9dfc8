import type { Packet } from 'socket.io-parser'
import { Decoder } from '../../wire/socket-io-packages.js'
import type { EmitItem } from './log-item.js'

/*
 * From an emit of the log to a packet for a client, which may have one more argument, last: the offset.
 */

/** The parts of the packet: its text, and its attachments. The text was written by Socket.IO's own encoder. */
export function encodeItem({ text, attachments }: EmitItem, offset: string | undefined): (string | Buffer)[] {
  return [offset === undefined ? text : `${text.slice(0, -1)},${JSON.stringify(offset)}]`, ...attachments]
}

/**
 * Decodes the packet.
 *
 * @throws what Socket.IO's decoder throws for what is not an event
 */
export function decodeEvent(item: EmitItem, nsp: string, offset: string | undefined): Packet {
  const decoder = new Decoder({ maxAttachments: Number.POSITIVE_INFINITY })
  const packets: Packet[] = []
  decoder.on('decoded', (packet: Packet) => packets.push(packet))
  for (const part of encodeItem(item, offset)) decoder.add(part)
  const [packet] = packets
  if (!packet) throw new TypeError('It has too few attachments')
  return { ...packet, nsp }
}
