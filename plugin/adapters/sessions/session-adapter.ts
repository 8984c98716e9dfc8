import type { Namespace, Socket } from 'socket.io'
import type { Session } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { severConnection } from '../../wire/sever-connection.js'
import { BrokerAdapter, type BrokerAdapterOptions } from '../broker-adapter.js'
import { decodeEvent, encodeItem } from '../log/log-packet.js'
import type { LogRing } from '../log/log-ring.js'
import type { RingEmit } from '../log/ring-entry.js'
import type { LiveSession } from './live-sessions.js'
import { isFor, startOf } from './missed-emits.js'
import type { NodeSessions } from './node-sessions.js'
import { readUpTo } from './reading-up.js'
import type { SessionRecord } from './session-record.js'

/*
 * The adapter of a namespace whose sessions outlive their node. It notes since when each socket is in which room, and sends what a
 * recovered one has missed.
 */

export interface SessionAdapterOptions extends BrokerAdapterOptions {
  readonly sessions: NodeSessions
  /** Whether the onConnect of a socket has ended. */
  readonly isJoined: (socket: Socket) => boolean
  /** To whom the session of a socket belongs. */
  readonly ownerOf: (socket: Socket) => string
}

/** Since when a socket receives events, as places in the log; undefined until the log is followed. */
interface JoinedRooms {
  readonly since: string | undefined
  readonly rooms: Map<string, string | undefined>
}

// Socket.IO expects null for a session that is not recovered; its types do not.
const NOT_RECOVERED = null as unknown as Session

export class SessionAdapter extends BrokerAdapter {
  readonly #own: SessionAdapterOptions
  readonly #memberships = new Map<string, JoinedRooms>()
  /** By socket id: recovered sockets that have not connected yet. */
  readonly #recovering = new Map<string, { readonly record: SessionRecord; readonly start: string }>()
  /** Where this node began to read the log. */
  #begin: string | undefined

  constructor(namespace: Namespace, options: SessionAdapterOptions) {
    super(namespace, options)
    this.#own = options
    const log = options.node.logOf(namespace.name)
    void log.following.followed?.then(() => {
      this.#begin = log.offset
      for (const socket of this.nsp.sockets.values()) options.sessions.touch(pidOf(socket))
    })
  }

  /** See joining/sessions/session-claims. */
  claim(pid: string, owner: string, connection: object): Promise<{ end(): void } | undefined> {
    return this.#own.sessions.claim(this.nsp.name, pid, owner, () => severConnection(connection))
  }

  /** Called when the onConnect of a socket has ended: its session is written. */
  joined(socket: Socket): void {
    this.#own.sessions.touch(pidOf(socket))
  }

  override addAll(id: string, rooms: Set<string>): void {
    void super.addAll(id, rooms)
    const place = this.#place
    const membership = this.#memberships.get(id) ?? { since: place, rooms: new Map() }
    for (const room of rooms) if (!membership.rooms.has(room)) membership.rooms.set(room, place)
    this.#memberships.set(id, membership)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    // A socket joins its own room when it connects: from then on Socket.IO sends events to it.
    if (socket && rooms.has(id)) this.#connect(socket)
    else if (socket) this.#own.sessions.touch(pidOf(socket))
  }

  override del(id: string, room: string): void {
    void super.del(id, room)
    this.#memberships.get(id)?.rooms.delete(room)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    if (socket) this.#own.sessions.touch(pidOf(socket))
  }

  override delAll(id: string): void {
    super.delAll(id)
    this.#memberships.delete(id)
    this.#recovering.delete(id)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    if (socket) this.#own.sessions.leave(pidOf(socket))
  }

  override persistSession({ sid }: Pick<Session, 'sid'>): void {
    const socket = this.nsp.sockets.get(sid) as Socket
    const record = this.#recordOf(socket)
    if (record) this.#own.sessions.persist(record)
  }

  /** `offset` is the place of the last event that the client has received; '' if it has received none. */
  override async restoreSession(pid: string, offset: string): Promise<Session> {
    const { sessions, node } = this.#own
    const record = sessions.claimed(pid)
    const log = node.logOf(this.nsp.name)
    await log.following.followed
    // Also for a client that joins anew: it must not receive again what it has.
    await readUpTo(log, offset)
    if (!record) return NOT_RECOVERED
    const ring = log.ring as LogRing
    const start = startOf(record, offset, ring)
    const isCovered = start !== undefined && (await ring.covers(this.nsp.name, start))
    // The claim may be over by now.
    if (sessions.claimed(pid) !== record) return NOT_RECOVERED
    if (start === undefined || !isCovered) {
      sessions.forget(pid)
      return NOT_RECOVERED
    }
    const { sid, rooms, data, since } = record
    this.#recovering.set(sid, { record, start })
    this.#memberships.set(sid, { since, rooms: new Map(rooms) })
    return { sid, pid, rooms: [...rooms.keys()], data, missedPackets: [] }
  }

  get #place(): string | undefined {
    return this.#begin && this.#own.node.logOf(this.nsp.name).offset
  }

  #connect(socket: Socket): void {
    const { sessions, node } = this.#own
    const recovering = this.#recovering.get(socket.id)
    this.#recovering.delete(socket.id)
    sessions.enter(this.#sessionOf(socket))
    if (!recovering) return
    const ring = node.logOf(this.nsp.name).ring as LogRing
    const emits = ring.emitsAfter(this.nsp.name, recovering.start)
    for (const emit of emits ?? []) {
      if (isFor(emit, recovering.record)) socket.client._packet(this.#encode(emit), { preEncoded: true })
    }
    // Some of them were dropped in the meantime. The socket is recovered already, so its connection is closed: the client comes back
    // and joins anew.
    if (!emits) process.nextTick(() => socket.conn.close())
  }

  #encode({ item, offset }: RingEmit): Packet[] {
    const { name, server } = this.nsp as Namespace
    const encoded = this.#own.isText ? encodeItem(item, offset) : server.encoder.encode(decodeEvent(item, name, offset))
    return encoded as unknown as Packet[]
  }

  #sessionOf(socket: Socket): LiveSession {
    const read = () => this.#recordOf(socket)
    const { ownerOf } = this.#own
    return {
      pid: pidOf(socket),
      address: this.nsp.name,
      get owner() {
        return ownerOf(socket)
      },
      get data() {
        return socket.data
      },
      get record() {
        return read()
      },
      sever: () => severConnection(socket.conn),
    }
  }

  #recordOf(socket: Socket): SessionRecord | undefined {
    const { isJoined, ownerOf, node } = this.#own
    const begin = this.#begin
    const membership = this.#memberships.get(socket.id)
    if (begin === undefined || !membership || !isJoined(socket)) return undefined
    return {
      pid: pidOf(socket),
      sid: socket.id,
      address: this.nsp.name,
      owner: ownerOf(socket),
      node: node.id,
      since: membership.since ?? begin,
      rooms: new Map([...membership.rooms].map(([room, place]) => [room, place ?? begin])),
      data: socket.data,
    }
  }
}

/** Creates the value of Socket.IO's option `adapter` for a node that recovers sessions. */
export function createSessionAdapter(options: SessionAdapterOptions): (namespace: Namespace) => SessionAdapter {
  // Socket.IO calls it with `new`.
  return function sessionAdapter(namespace: Namespace): SessionAdapter {
    return new SessionAdapter(namespace, options)
  }
}

/** The private id of a socket, which Socket.IO's types hide. */
function pidOf(socket: Socket): string {
  return (socket as unknown as { readonly pid: string }).pid
}
