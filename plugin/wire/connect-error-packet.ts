import type { Packet } from 'socket.io-parser'
import { INTERNAL } from '../shared/client-error.js'

/*
 * A CONNECT_ERROR packet, as it goes out.
 */

const UNKNOWN = { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 }

/** Whether it refuses an unknown namespace; Socket.IO itself does so without a code. */
export function isUnknown({ data: told }: Packet): boolean {
  const { message, code, data = code === undefined ? UNKNOWN : told } = Object(told)
  return Object(data).code === UNKNOWN.code && message === 'Invalid namespace'
}

/** Whoever refuses an unknown namespace, it is told alike. */
export function addCode(packet: Packet, hint: string): Packet {
  const data = { ...UNKNOWN, details: { hint } }
  const message = 'Invalid namespace'
  // That of protocol 3 has its code beside its message.
  return { ...packet, data: Object(packet.data).code === undefined ? { message, data } : { ...data, message } }
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
