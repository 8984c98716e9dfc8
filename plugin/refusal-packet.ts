import type { Packet } from 'socket.io-parser'
import { INTERNAL } from './wire-error.js'

/*
 * A CONNECT_ERROR packet, as it goes out.
 */

const UNKNOWN = {
  code: 'FST_NSP_NAMESPACE_UNKNOWN',
  statusCode: 404,
  // Who writes io('https://host/api') rarely means a namespace.
  details: {
    hint: 'The path of a URL that is given to io() is the address of a namespace; the `path` option is that of the server',
  },
}

/** Socket.IO itself refuses an unknown namespace without a code; whoever refuses one, it is told alike. */
export function addCode(packet: Packet): Packet {
  const { message, code, data = UNKNOWN } = Object(packet.data)
  // That of protocol 3 has its code beside its message.
  if (code !== undefined || Object(data).code !== UNKNOWN.code || message !== 'Invalid namespace') return packet
  return { ...packet, data: { message, data: UNKNOWN } }
}

/** What can be told of a refusal that can't be encoded: its message, code and status, or that there was an error. */
export function withoutDetails(packet: Packet): Packet {
  const { message, ...data } = readWords(packet.data) ?? INTERNAL
  return { ...packet, data: { message, data } }
}

function readWords(told: unknown): typeof INTERNAL | undefined {
  try {
    const { message, data } = Object(told)
    const { code, statusCode } = Object(data)
    if (typeof message !== 'string') return undefined
    return {
      message,
      code: typeof code === 'string' ? code : 'FST_NSP_REFUSED',
      statusCode: Number.isInteger(statusCode) ? statusCode : 403,
    }
  } catch {
    return undefined
  }
}
