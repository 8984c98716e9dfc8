import type { Packet } from 'socket.io-parser'
import { INTERNAL } from '../shared/client-error.js'

/*
 * CONNECT_ERROR packets: adds the code of an unknown namespace, and removes details that can't be encoded.
 */

const UNKNOWN = { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 }

/** Whether the packet refuses an unknown namespace, with the plugin's code or, as Socket.IO does, without one. */
export function refusesUnknownNamespace({ data: sent }: Packet): boolean {
  const { message, code, data = code === undefined ? UNKNOWN : sent } = Object(sent)
  return Object(data).code === UNKNOWN.code && message === 'Invalid namespace'
}

/** Adds code, status and hint, so that Socket.IO and the plugin refuse an unknown namespace with the same packet. */
export function addUnknownNamespaceCode(packet: Packet, hint: string): Packet {
  const data = { ...UNKNOWN, details: { hint } }
  const message = 'Invalid namespace'
  // In protocol 3 the code is beside the message.
  return { ...packet, data: Object(packet.data).code === undefined ? { message, data } : { ...data, message } }
}

/** Reduces a refusal that can't be encoded to message, code and status; to an internal error if they can't be read. */
export function withoutDetails(packet: Packet): Packet {
  const { message, ...data } = readError(packet.data) ?? INTERNAL
  return { ...packet, data: { message, data } }
}

function readError(sent: unknown): typeof INTERNAL | undefined {
  try {
    const { message, data } = Object(sent)
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
