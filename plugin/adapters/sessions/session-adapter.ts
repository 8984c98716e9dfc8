import type { Namespace, Socket } from 'socket.io'
import type { Session } from 'socket.io-adapter'
import { severConnection } from '../../wire/sever-connection.js'
import { BrokerAdapter, type BrokerAdapterOptions } from '../broker-adapter.js'
import type { LogItem } from '../log/log-item.js'
import type { LogRing } from '../ring/log-ring.js'
import type { LiveSession } from './live-sessions.js'
import { encodeEmits, isFor, startOf } from './missed-emits.js'
import type { NodeSessions } from './node-sessions.js'
import { readUpTo } from './reading-up.js'
import { RoomPlaces } from './room-places.js'
import { pidOf } from './session-ids.js'
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

// Socket.IO expects null for a session that is not recovered; its types do not.
const NOT_RECOVERED = null as unknown as Session

export class SessionAdapter extends BrokerAdapter {
  readonly #own: SessionAdapterOptions
  readonly #places = new RoomPlaces()
  /** By socket id: recovered sockets that have not connected yet. */
  readonly #recovering = new Map<string, { readonly record: SessionRecord; readonly start: string }>()
  /** Where this node began to read the log. */
  #begin: string | undefined

  constructor(namespace: Namespace, options: SessionAdapterOptions) {
    super(namespace, options)
    this.#own = options
    this.on('delete-room', (room: string) => this.#places.forgetRoom(room))
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

  /** Called when the sessions of a user shall not be recovered any more. */
  revokeSessions(owner: string): void {
    this.#own.sessions.revoke(owner)
  }

  override receive(item: LogItem, node: string, offset: string): void {
    if (item.kind === 'emit' && !item.isVolatile) this.#places.note(item.rooms, offset, (room) => this.rooms.has(room))
    super.receive(item, node, offset)
  }

  override addAll(id: string, rooms: Set<string>): void {
    void super.addAll(id, rooms)
    this.#places.join(id, rooms, this.#place)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    // A socket joins its own room when it connects: from then on Socket.IO sends events to it.
    if (socket && rooms.has(id)) this.#connect(socket)
    else if (socket) this.#own.sessions.touch(pidOf(socket))
  }

  override del(id: string, room: string): void {
    this.#places.leave(id, room)
    void super.del(id, room)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    if (socket) this.#own.sessions.touch(pidOf(socket))
  }

  override delAll(id: string): void {
    super.delAll(id)
    this.#places.forget(id)
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
    const isRead = await readUpTo(log, offset)
    if (!record) return NOT_RECOVERED
    const start = isRead ? await startOf(record, offset, log.ring as LogRing) : undefined
    // The claim may be over by now.
    if (sessions.claimed(pid) !== record) return NOT_RECOVERED
    if (start === undefined) {
      sessions.forget(pid)
      return NOT_RECOVERED
    }
    const { sid, rooms, data } = record
    this.#recovering.set(sid, { record, start })
    this.#places.restore(sid, start, new Map(rooms))
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
    const missed = (emits ?? []).filter((emit) => isFor(emit, recovering.record))
    for (const packets of encodeEmits(missed, this.nsp, this.#own.isText)) {
      socket.client._packet(packets, { preEncoded: true })
    }
    const last = missed.at(-1)
    if (last) this.#places.noteMissed(socket.id, last.offset)
    // Some of them were dropped in the meantime. The socket is recovered already, so its connection is closed: the client comes back
    // and joins anew.
    if (!emits) process.nextTick(() => socket.conn.close())
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
    const { isJoined, ownerOf, node, sessions } = this.#own
    const begin = this.#begin
    const joined = this.#places.find(socket.id)
    if (begin === undefined || !joined || !isJoined(socket)) return undefined
    const log = node.logOf(this.nsp.name)
    const since = joined.since ?? begin
    const heard = sessions.heard.in(log)
    return {
      pid: pidOf(socket),
      sid: socket.id,
      address: this.nsp.name,
      owner: ownerOf(socket),
      node: node.id,
      since: (heard && log.ring?.later(since, heard)) ?? since,
      sent: this.#places.sentTo(joined),
      read: log.offset,
      rooms: new Map([...joined.rooms].map(([room, place]) => [room, place ?? begin])),
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
