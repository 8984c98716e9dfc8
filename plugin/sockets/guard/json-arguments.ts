import { countKept, toSendable } from '../../shared/json-value.js'
import { encodeAsText, encodeEmit } from '../../wire/encode-emit.js'
import { PacketType } from '../../wire/socket-io-packages.js'

/**
 * The arguments of an emit as JSON represents them, so that every node receives the same.
 *
 * @throws FST_NSP_EMIT_INVALID for a value that JSON can't represent, and for one that would be decoded to something else
 */
export function toJsonArguments(namespace: string, event: string, args: unknown[]): unknown[] {
  const packet = { type: PacketType.EVENT, nsp: namespace, data: [event, ...args] }
  return encodeEmit(packet, () => {
    const count = countKept()
    const plain = args.map(toSendable)
    // What the adapter encodes later, there and elsewhere, is encoded here for nothing but its error.
    if (countKept() > count) encodeAsText({ ...packet, data: [event, ...plain] })
    return plain
  })
}
