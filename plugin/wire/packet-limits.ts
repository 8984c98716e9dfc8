import { type Packet, PacketType } from 'socket.io-parser'
import { FST_NSP_EVENT_MALFORMED, FST_NSP_PAYLOAD_TOO_LARGE } from '../shared/errors.js'
import { findPoison, TOO_DEEP } from '../shared/json-value.js'
import type { Limits } from '../shared/limits.js'

/*
 * What a packet may be, before anything recurses over it, or spreads it.
 */

export type Bounds = Pick<Limits, 'arguments' | 'depth' | 'payloadBytes'>

const FORBIDDEN_KEYS = '__proto__, _placeholder, or a constructor with a prototype in it'

/** Stands in a packet for what must not be handed on. It is no plain object, so the wire can't make one. */
export class Refusal {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/** Whether an event's list of name and arguments is within the bounds. `size`: its bytes; of a text, its characters. */
export function isWithinBounds(data: readonly unknown[], size: number, bounds: Bounds): boolean {
  return (
    size <= bounds.payloadBytes &&
    data.length - 1 <= bounds.arguments &&
    findPoison(data, bounds.depth + 1) === undefined
  )
}

/** What is wrong with a packet of that size; undefined when it is well. */
export function findProblem(packet: Packet, size: number, limits: Bounds): Error | undefined {
  const { data, id } = packet
  if (size > limits.payloadBytes) return new FST_NSP_PAYLOAD_TOO_LARGE(limits.payloadBytes)
  if (id !== undefined && !Number.isSafeInteger(id)) return new FST_NSP_EVENT_MALFORMED('has an ack id out of bounds')
  if (Array.isArray(data) && data.length - (isEvent(packet) ? 1 : 0) > limits.arguments) {
    return new FST_NSP_EVENT_MALFORMED(`has more than ${limits.arguments} arguments, which limits.arguments allows`)
  }
  // one level is the list of arguments itself
  const poison = findPoison(data, limits.depth + 1)
  if (poison === undefined) return undefined
  const hint = poison === TOO_DEEP ? `limits.depth allows ${limits.depth} levels` : FORBIDDEN_KEYS
  return new FST_NSP_EVENT_MALFORMED(`${poison}: ${hint}`)
}

/**
 * Bounds a packet, in place: an event that breaks a bound carries a Refusal in place of its arguments, so that it can be
 * answered; so does a connect. An ack that breaks one is dropped: false.
 */
export function boundPacket(packet: Packet, bytes: number, limits: Bounds): boolean {
  const problem = findProblem(packet, bytes, limits)
  if (!problem) return true
  switch (packet.type) {
    case PacketType.EVENT:
    case PacketType.BINARY_EVENT:
      packet.data = [packet.data[0], new Refusal(problem)]
      if (!Number.isSafeInteger(packet.id)) delete packet.id
      return true
    case PacketType.CONNECT:
      packet.data = new Refusal(problem)
      return true
    default:
      return false
  }
}

export function isEvent({ type }: Packet): boolean {
  return type === PacketType.EVENT || type === PacketType.BINARY_EVENT
}
