import type { Namespace, Socket } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import type { RetainedItem } from '../shared/retained-emits.js'
import { encodeAsText, encodeEmit } from '../wire/encode-emit.js'
import { severConnection } from '../wire/sever-connection.js'
import type { ClusterNode } from './cluster-node.js'
import { DeliveringAdapter } from './delivering-adapter.js'
import { answerRequest, type LocalSockets } from './local-answers.js'
import type { ClusterLog } from './log/cluster-log.js'
import type { ChangeItem, EmitItem, LogItem, LogReceiver } from './log/log-item.js'
import { type EncodePacket, RemoteAddress } from './remote-address.js'
import { withSetKey } from './retained/retained-change.js'
import { UnreadEmits } from './unread-emits.js'

/*
 * The adapter of a namespace on a node of a cluster. Emits, and changes to the sockets of all nodes, go to the log of the address;
 * each node carries them out when it reads them there, so that all have one order.
 */

export interface BrokerAdapterOptions {
  readonly node: ClusterNode
  /** Whether packets are encoded as Socket.IO does it by default. */
  readonly isText: boolean
}

type AskArguments = Parameters<LocalSockets['askHere']>

export class BrokerAdapter extends DeliveringAdapter implements LogReceiver, LocalSockets {
  readonly #node: ClusterNode
  readonly #remote: RemoteAddress
  readonly #encode: EncodePacket
  readonly #detach: () => void
  readonly #unread = new UnreadEmits()
  /** Whether sockets are disconnected by what was read from the log. */
  #isInOrder = false

  constructor(namespace: Namespace, { node, isText }: BrokerAdapterOptions) {
    super(namespace, isText)
    this.#node = node
    const { encoder } = namespace.server
    // An application's own parser is not needed by other nodes: between nodes packets are text.
    this.#encode = (packet) => (isText ? encoder.encode(packet) : encodeEmit(packet, encodeAsText))
    this.#remote = new RemoteAddress(node, namespace.name, this.#encode)
    this.#detach = node.attach(namespace.name, this)
  }

  get log(): ClusterLog {
    return this.#node.logOf(this.nsp.name)
  }

  override close(): void {
    this.#detach()
  }

  /** @throws FST_NSP_EMIT_INVALID, FST_NSP_ROOM_INVALID and FST_NSP_BROKER_BACKLOG */
  override broadcast(packet: Packet, opts: BroadcastOptions): void {
    packet.nsp = this.nsp.name
    if (opts.flags?.local) this.deliverHere(packet, opts, this.log.offset)
    else if (packet.id !== undefined) this.#askSocket(packet, opts)
    else this.#emit(packet, opts)
  }

  /** Emits to an address that need not be live on this node. Throws as `broadcast` does. */
  postTo(address: string, packet: Packet, opts: BroadcastOptions): void {
    new RemoteAddress(this.#node, address, this.#encode).emit(packet, opts)
  }

  /** Every node is waited for, but one that is slow or dies is not: then it counts as one without sockets. */
  override broadcastWithAck(...[packet, opts, onShare, onAnswer]: AskArguments): void {
    packet.nsp = this.nsp.name
    const isLocal = opts.flags?.local === true
    if (!isLocal) this.#remote.ask(packet, opts, onShare, onAnswer)
    this.#afterOwn(() => {
      this.askHere(packet, opts, onShare, onAnswer)
      // Socket.IO expects one call for each node. Whoever counts one node only takes the first.
      if (isLocal) for (const _ of this.#node.alive) onShare(0)
    })
  }

  /** Emits to the sockets of this node, and asks for their answers. */
  askHere(...[packet, opts, onShare, onAnswer]: AskArguments): void {
    super.broadcastWithAck(packet, opts, onShare, onAnswer)
  }

  fetchHere(opts: BroadcastOptions): Promise<Socket[]> {
    return super.fetchSockets(opts)
  }

  override async fetchSockets(opts: BroadcastOptions): Promise<unknown[]> {
    const here = this.fetchHere(opts)
    const remote = opts.flags?.local ? [] : this.#remote.fetch(opts)
    return (await Promise.all([here, remote])).flat()
  }

  override addSockets(opts: BroadcastOptions, rooms: string[]): void {
    if (opts.flags?.local) super.addSockets(opts, rooms)
    else this.#remote.change('join', opts, rooms)
  }

  override delSockets(opts: BroadcastOptions, rooms: string[]): void {
    if (opts.flags?.local) super.delSockets(opts, rooms)
    else this.#remote.change('leave', opts, rooms)
  }

  override disconnectSockets(opts: BroadcastOptions, isClosing: boolean): void {
    if (opts.flags?.local) super.disconnectSockets(opts, isClosing)
    else this.#remote.change('disconnect', opts, [], isClosing)
  }

  override serverSideEmit(data: unknown[]): void {
    this.#remote.serverSideEmit(data)
  }

  override async serverCount(): Promise<number> {
    return this.#node.alive.length + 1
  }

  receive(item: LogItem, node: string, offset: string): void {
    const isOwn = node === this.#node.id
    if (isOwn && item.kind === 'emit') this.#unread.remove(this.log.lastReadOf(node))
    if (item.kind === 'emit') this.#receiveEmit(item, offset)
    else if (item.kind !== 'server') this.#receiveChange(item)
    else if (!isOwn) this.nsp._onServerSideEmit([...item.data])
  }

  /** Adapters are event emitters: whoever gives retained emits to clients listens. */
  rereadRetained(): void {
    super.emit('retained:unsure')
  }

  answer(kind: string, data: unknown, from: string): unknown {
    return answerRequest(this, this.#node, kind, data, from)
  }

  closeConnections(): void {
    // At once: sessions are written as of now, before what comes next in the log.
    for (const socket of [...this.nsp.sockets.values()]) severConnection(socket.conn)
  }

  /** Called before a socket of this node is disconnected: it receives what this node has emitted, and not read yet. */
  deliverUnread(id: string): void {
    const joined = this.sids.get(id)
    // In the log, everything that was emitted before stands before.
    if (!joined || this.#isInOrder) return
    for (const item of this.#unread.for(joined)) {
      this.deliverItem({ ...item, rooms: new Set([id]), except: new Set() }, this.log.offset)
    }
  }

  #emit(packet: Packet, opts: BroadcastOptions): void {
    const item = this.#remote.emit(packet, opts)
    if (item) this.#unread.add(this.#node.lastNumberOf(this.nsp.name), item)
  }

  /** An emit of one socket of this node that asks for an answer. */
  #askSocket(packet: Packet, opts: BroadcastOptions): void {
    const encoded = this.nsp.server.encoder.encode(packet)
    this.#afterOwn(() => this.deliver(packet, opts, encoded))
  }

  /** Calls a function when what this node has emitted before is delivered. */
  #afterOwn(run: () => void): void {
    const { id, lastNumberOf } = this.#node
    this.log.whenSeen(id, lastNumberOf(this.nsp.name), run)
  }

  #receiveEmit(item: EmitItem, offset: string): void {
    this.deliverItem(item, offset)
    if (!item.retain) return
    const [room] = item.rooms
    super.emit('retained', { room, mark: withSetKey(item.retain), encoded: item, offset } satisfies RetainedItem)
  }

  #receiveChange({ kind, rooms, except, names, isClosing }: ChangeItem): void {
    const opts = { rooms, except } as BroadcastOptions
    if (kind === 'join') super.addSockets(opts, [...names])
    else if (kind === 'leave') super.delSockets(opts, [...names])
    else this.#disconnectHere(opts, isClosing)
  }

  #disconnectHere(opts: BroadcastOptions, isClosing: boolean): void {
    this.#isInOrder = true
    try {
      super.disconnectSockets(opts, isClosing)
    } finally {
      this.#isInOrder = false
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
