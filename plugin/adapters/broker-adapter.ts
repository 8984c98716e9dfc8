import type { Namespace } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { Adapter, Encoder, PacketType } from '../wire/socket-io-packages.js'
import type { ClusterNode } from './cluster-node.js'
import type { LogReceiver } from './log/cluster-log.js'
import {
  type ChangeItem,
  changeFields,
  type EmitItem,
  emitFields,
  type LogItem,
  serverEmitFields,
} from './log/log-item.js'
import { decodeEvent, encodeItem } from './log/log-packet.js'

/*
 * The adapter of a namespace on a node of a cluster. Emits, and changes to the sockets of all nodes, go to the log of the address;
 * each node carries them out when it reads them there, so that all have one order.
 */

export interface BrokerAdapterOptions {
  readonly node: ClusterNode
  /** Whether packets are encoded as Socket.IO does it by default. */
  readonly isText: boolean
}

// An application's own parser is not needed by other nodes: between nodes packets are text.
const ENCODER = new Encoder()

/** The adapter of one namespace; see also Socket.IO's own, which knows the rooms of this node. */
export class BrokerAdapter extends Adapter implements LogReceiver {
  readonly #node: ClusterNode
  readonly #isText: boolean
  readonly #isRecovering: boolean
  readonly #detach: () => void
  /** The packet that is broadcast, as it is encoded. */
  #encoded: unknown[] | undefined

  constructor(namespace: Namespace, { node, isText }: BrokerAdapterOptions) {
    super(namespace)
    this.#node = node
    this.#isText = isText
    this.#isRecovering = Boolean(namespace.server._opts.connectionStateRecovery)
    // Socket.IO's adapter encodes what it broadcasts: here it is encoded already. There is no public way.
    Object.assign(this, {
      encoder: { encode: (packet: Packet) => this.#encoded ?? namespace.server.encoder.encode(packet) },
    })
    this.#detach = node.attach(namespace.name, this)
  }

  override close(): void {
    this.#detach()
  }

  /** @throws what the encoder throws, and FST_NSP_BROKER_BACKLOG */
  override broadcast(packet: Packet, opts: BroadcastOptions): void {
    packet.nsp = this.nsp.name
    const { flags = {} } = opts
    if (flags.local) this.#deliver(packet, opts, this.#encodeHere(packet))
    else if (packet.id !== undefined) this.#askSocket(packet, opts)
    else this.#emit(packet, opts)
  }

  #emit(packet: Packet, opts: BroadcastOptions): void {
    const { name, server } = this.nsp as Namespace
    const isVolatile = opts.flags?.volatile === true
    const encoded = (this.#isText ? server.encoder : ENCODER).encode(packet)
    if (isVolatile && !this.#node.isConnected) return
    this.#node.post(name, emitFields(encoded, opts), !isVolatile)
  }

  override addSockets(opts: BroadcastOptions, rooms: string[]): void {
    if (opts.flags?.local) super.addSockets(opts, rooms)
    else this.#change('join', opts, rooms)
  }

  override delSockets(opts: BroadcastOptions, rooms: string[]): void {
    if (opts.flags?.local) super.delSockets(opts, rooms)
    else this.#change('leave', opts, rooms)
  }

  override disconnectSockets(opts: BroadcastOptions, isClosing: boolean): void {
    if (opts.flags?.local) super.disconnectSockets(opts, isClosing)
    else this.#change('disconnect', opts, [], isClosing)
  }

  override serverSideEmit(data: unknown[]): void {
    this.#node.post(this.nsp.name, serverEmitFields(data), false)
  }

  override async serverCount(): Promise<number> {
    return this.#node.alive.length + 1
  }

  receive(item: LogItem, node: string, offset: string): void {
    if (item.kind === 'emit') this.#receiveEmit(item, offset)
    else if (item.kind === 'server') this.#receiveServerEmit(item.data, node)
    else this.#receiveChange(item)
  }

  closeConnections(): void {
    for (const socket of [...this.nsp.sockets.values()]) socket.conn.close()
  }

  #change(kind: ChangeItem['kind'], opts: BroadcastOptions, names: readonly string[], isClosing?: boolean): void {
    this.#node.post(this.nsp.name, changeFields(kind, opts, names, isClosing), false)
  }

  /** An emit of one socket of this node that asks for an answer: sent when what was emitted before has been. */
  #askSocket(packet: Packet, opts: BroadcastOptions): void {
    const { name, server } = this.nsp as Namespace
    const encoded = server.encoder.encode(packet)
    const { id, lastNumberOf, logOf } = this.#node
    logOf(name).whenSeen(id, lastNumberOf(name), () => this.#deliver(packet, opts, encoded))
  }

  #receiveEmit(item: EmitItem, offset: string): void {
    const { name, server } = this.nsp as Namespace
    const last = this.#isRecovering ? offset : undefined
    const encoded = this.#isText ? encodeItem(item, last) : server.encoder.encode(decodeEvent(item, name, last))
    const { rooms, except, isVolatile, compress } = item
    const flags = { ...(isVolatile && { volatile: true }), ...(compress !== undefined && { compress }) }
    // Decoded only if a listener of onAnyOutgoing() wants the data.
    const packet = {
      type: PacketType.EVENT,
      nsp: name,
      get data() {
        return decodeEvent(item, name, undefined).data
      },
    }
    this.#deliver(packet, { rooms, except, flags } as BroadcastOptions, encoded)
  }

  #receiveServerEmit(data: readonly unknown[], node: string): void {
    if (node !== this.#node.id) this.nsp._onServerSideEmit([...data])
  }

  #receiveChange({ kind, rooms, except, names, isClosing }: ChangeItem): void {
    const opts = { rooms, except } as BroadcastOptions
    if (kind === 'join') super.addSockets(opts, [...names])
    else if (kind === 'leave') super.delSockets(opts, [...names])
    else super.disconnectSockets(opts, isClosing)
  }

  /** Encodes an emit that stays on this node. With recovery, every event has an offset: clients take the last string for one. */
  #encodeHere(packet: Packet): unknown[] {
    const { name, server } = this.nsp as Namespace
    const { encoder } = server as unknown as {
      readonly encoder: { encode(packet: Packet, offset?: string): unknown[] }
    }
    const hasOffset = this.#isRecovering && packet.id === undefined
    return encoder.encode(packet, hasOffset ? this.#node.logOf(name).offset : undefined)
  }

  /** Writes a packet to the sockets of this node. */
  #deliver(packet: Packet, opts: BroadcastOptions, encoded: unknown[]): void {
    this.#encoded = encoded
    try {
      super.broadcast(packet, opts)
    } finally {
      this.#encoded = undefined
    }
  }
}

/** Creates the value of Socket.IO's option `adapter` for a node. */
export function createBrokerAdapter(options: BrokerAdapterOptions): (namespace: Namespace) => BrokerAdapter {
  // Socket.IO calls it with `new`.
  return function brokerAdapter(namespace: Namespace): BrokerAdapter {
    return new BrokerAdapter(namespace, options)
  }
}
