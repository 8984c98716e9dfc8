import type { Packet } from 'socket.io-parser'
import { FST_NSP_EMIT_INVALID } from '../shared/errors.js'
import { Encoder } from './socket-io-packages.js'

/*
 * Encodes an emit, at the line that emits. What can't be encoded, or would be decoded to something else, is refused there: nothing is
 * sent, and nothing is kept for recovery.
 */

/** An object that stands for an attachment, as Socket.IO's encoder writes it. In a string, the quotes would be escaped. */
const PLACEHOLDER = /[{,]"_placeholder":true[,}]/g

const ENCODER = new Encoder()

/** @throws FST_NSP_EMIT_INVALID for whatever `encode` throws, and for an argument that JSON has no value for */
export function encodeEmit<Parts>(packet: Packet, encode: (packet: Packet) => Parts): Parts {
  try {
    for (const argument of packet.data as unknown[]) refuseUnknown(argument)
    return encode(packet)
  } catch (error) {
    const [event] = packet.data as [string]
    const { message } = Object(error) as Partial<Error>
    // Of the stack.
    const isDeep = error instanceof RangeError
    throw new FST_NSP_EMIT_INVALID(
      event,
      packet.nsp,
      isDeep ? 'it contains itself, or is nested too deeply' : `${message}`,
    )
  }
}

/**
 * Encodes a packet as Socket.IO does it by default, whatever the parser of the application is.
 *
 * @throws what the encoder throws, and as {@link certainToDecode} does
 */
export function encodeAsText(packet: Packet): unknown[] {
  return certainToDecode(ENCODER.encode(packet))
}

/** JSON would have null in its place. Other encodings throw, on whichever node it is encoded. */
function refuseUnknown(argument: unknown): void {
  if (typeof argument === 'symbol' || typeof argument === 'function') {
    throw new TypeError(`an argument is a ${typeof argument}, which JSON can not represent`)
  }
}

/**
 * Returns what Socket.IO's own encoder has written.
 *
 * @throws TypeError if its receiver would take more objects for attachments than there are
 */
export function certainToDecode<Parts extends readonly unknown[]>(parts: Parts): Parts {
  if (parts.length === 1) return parts
  if (String(parts[0]).match(PLACEHOLDER)?.length !== parts.length - 1) {
    throw new TypeError('beside binary data an object has _placeholder: true, which Socket.IO takes for an attachment')
  }
  return parts
}
