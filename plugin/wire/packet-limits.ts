import type { Packet } from 'socket.io-parser'
import { FST_NSP_EVENT_MALFORMED, FST_NSP_PAYLOAD_TOO_LARGE } from '../shared/errors.js'
import { findPoison, TOO_DEEP } from '../shared/json-value.js'
import type { Limits } from '../shared/limits.js'
import { PacketType } from './socket-io-packages.js'

/*
 * Checks an incoming packet against the limits of size, arguments and depth, before any code recurses over it or spreads it.
 */

export type PacketLimits = Pick<Limits, 'arguments' | 'depth' | 'payloadBytes'>

const FORBIDDEN_KEYS = '__proto__, _placeholder, or a constructor with a prototype in it'

/** Replaces the data of a packet that exceeds a limit. A client can't send one: it is not a plain object. */
export class PacketRefusal {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/**
 * Whether an event's list of name and arguments is within the limits.
 *
 * @param size - its length in bytes; of a text, in characters
 */
export function isWithinPacketLimits(data: readonly unknown[], size: number, limits: PacketLimits): boolean {
  return (
    size <= limits.payloadBytes &&
    data.length - 1 <= limits.arguments &&
    findPoison(data, limits.depth + 1) === undefined
  )
}

/** @returns the error of a packet of that size; undefined if it is within the limits */
export function findProblem(packet: Packet, size: number, limits: PacketLimits): Error | undefined {
  const { data, id } = packet
  if (size > limits.payloadBytes) return new FST_NSP_PAYLOAD_TOO_LARGE(limits.payloadBytes)
  if (id !== undefined && !Number.isSafeInteger(id)) return new FST_NSP_EVENT_MALFORMED('has an ack id out of bounds')
  if (Array.isArray(data) && data.length - (isEvent(packet) ? 1 : 0) > limits.arguments) {
    return new FST_NSP_EVENT_MALFORMED(`has more than ${limits.arguments} arguments, which limits.arguments allows`)
  }
  // The list of arguments is a level itself.
  const poison = findPoison(data, limits.depth + 1)
  if (poison === undefined) return undefined
  const hint = poison === TOO_DEEP ? `limits.depth allows ${limits.depth} levels` : FORBIDDEN_KEYS
  return new FST_NSP_EVENT_MALFORMED(`${poison}: ${hint}`)
}

/**
 * Replaces, in place, the arguments of an event or the auth of a connect that exceeds a limit by a PacketRefusal. The packet can
 * then be answered.
 *
 * @returns false for any other packet that exceeds a limit, e.g. an ack: it has to be dropped
 */
export function limitPacket(packet: Packet, bytes: number, limits: PacketLimits): boolean {
  const problem = findProblem(packet, bytes, limits)
  if (!problem) return true
  switch (packet.type) {
    case PacketType.EVENT:
    case PacketType.BINARY_EVENT:
      packet.data = [packet.data[0], new PacketRefusal(problem)]
      if (!Number.isSafeInteger(packet.id)) delete packet.id
      return true
    case PacketType.CONNECT:
      packet.data = new PacketRefusal(problem)
      return true
    default:
      return false
  }
}

export function isEvent({ type }: Packet): boolean {
  return type === PacketType.EVENT || type === PacketType.BINARY_EVENT
}
