import type { Namespace } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { Adapter, PacketType } from '../wire/socket-io-packages.js'
import type { EmitItem } from './log/log-item.js'
import { decodeEvent, encodeItem, isTo } from './log/log-packet.js'

/*
 * Writes emits that are encoded already to the sockets of this node. With recovery, every event has an offset behind its arguments:
 * clients take the last string of an event for one.
 */

export class DeliveringAdapter extends Adapter {
  readonly #isText: boolean
  readonly #isRecovering: boolean
  /** The packet that is broadcast, as it is encoded. */
  #encoded: unknown[] | undefined

  /** `isText`: whether packets are encoded as Socket.IO does it by default. */
  constructor(namespace: Namespace, isText: boolean) {
    super(namespace)
    const { server } = namespace
    this.#isText = isText
    this.#isRecovering = Boolean(server._opts.connectionStateRecovery)
    // Socket.IO's adapter encodes what it broadcasts: here it is encoded already. There is no public way.
    Object.assign(this, { encoder: { encode: (packet: Packet) => this.#encoded ?? server.encoder.encode(packet) } })
  }

  /** Delivers a packet of this node, with the offset of what was delivered before. */
  protected deliverHere(packet: Packet, opts: BroadcastOptions, offset: string): void {
    const { server } = this.nsp as Namespace
    // The server's encoder is one of ours: it takes the offset, too.
    const { encoder } = server as unknown as {
      readonly encoder: { encode(packet: Packet, offset?: string): unknown[] }
    }
    this.deliver(packet, opts, encoder.encode(packet, this.#isRecovering ? offset : undefined))
  }

  /** @throws TypeError for one that a client of this namespace would take for another's, or can't read */
  protected deliverItem(item: EmitItem, offset: string): void {
    const nsp = (this.nsp as Namespace).name
    if (!isTo(nsp, item)) throw new TypeError(`It is not an emit to ${nsp}`)
    const { rooms, except, isVolatile, compress } = item
    const flags = { ...(isVolatile && { volatile: true }), ...(compress !== undefined && { compress }) }
    // Decoded only if a listener of onAnyOutgoing() wants the data.
    const packet = {
      type: PacketType.EVENT,
      nsp,
      get data() {
        return decodeEvent(item, nsp, undefined).data
      },
    }
    this.deliver(packet, { rooms, except, flags } as BroadcastOptions, this.#encodeItem(item, offset))
  }

  protected deliver(packet: Packet, opts: BroadcastOptions, encoded: unknown[]): void {
    this.#encoded = encoded
    try {
      super.broadcast(packet, opts)
    } finally {
      this.#encoded = undefined
    }
  }

  #encodeItem(item: EmitItem, offset: string): unknown[] {
    const last = this.#isRecovering ? offset : undefined
    if (this.#isText) return encodeItem(item, last)
    const { name, server } = this.nsp as Namespace
    return server.encoder.encode(decodeEvent(item, name, last))
  }
}
