import type { Namespace, Socket } from 'socket.io'
import type { BroadcastOptions, Session } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import type { SessionClaim } from '../../joining/sessions/session-claims.js'
import { severConnection } from '../../wire/sever-connection.js'
import { Adapter, PacketType } from '../../wire/socket-io-packages.js'
import { createEpoch, formatOffset, sequenceOf } from './position.js'
import { type RecoverableSession, RecoverableSessions } from './recoverable-sessions.js'
import type { RecoverySettings } from './recovery-settings.js'
import { type Membership, SentLog } from './sent-log.js'

/*
 * An adapter that recovers sessions within one process: after a lost connection it keeps the session and the events that it
 * misses. Socket.IO's own adapter for this keeps a timer for each namespace that was closed, sends missed events before the
 * socket is admitted, loses those sent in between, and does not recover a client that has received no event.
 */

// How often expired entries are removed within the time that an event is kept.
const SWEEPS = 8

// Socket.IO expects null for a session that is not recovered; its types do not.
const NOT_RECOVERED = null as unknown as Promise<Session>

// Nothing to give back: Socket.IO asks for the session synchronously, and one that does not connect is kept again.
const CLAIM: SessionClaim = { end() {} }

/** The adapter of one namespace. It keeps sessions and events in memory, and uses no timer. */
export class RecoveringAdapter extends Adapter {
  readonly #settings: RecoverySettings
  readonly #epoch = createEpoch()
  readonly #sessions: RecoverableSessions
  /** The connected sockets by private id. */
  readonly #sockets = new Map<string, Socket>()
  // By socket id: recovered sockets that have not connected yet.
  readonly #recovering = new Map<string, { readonly recoverable: RecoverableSession; readonly position: number }>()
  readonly #memberships = new Map<string, Membership>()
  readonly #sent: SentLog
  #sequence = 0
  #sweepAt = 0
  #outgoing: { readonly opts: BroadcastOptions; readonly isKept: boolean } | undefined

  constructor(namespace: Namespace, settings: RecoverySettings) {
    super(namespace)
    this.#settings = settings
    this.#sessions = new RecoverableSessions(settings.budget)
    this.#sent = new SentLog(settings.budget)
    // The encoded event, with its offset, is only known where Socket.IO encodes it. There is no public way.
    Object.assign(this, { encoder: { encode: (packet: Packet) => this.#encode(packet) } })
  }

  /** The number of recoverable sessions, of sockets, and of kept events. */
  get size(): { readonly sessions: number; readonly sockets: number; readonly events: number } {
    const sessions = this.#sessions.size + this.#recovering.size
    return { sessions, sockets: this.#memberships.size, events: this.#sent.size }
  }

  /** The bytes that all adapters of this server keep. */
  get bytes(): number {
    return this.#settings.budget.bytes
  }

  /** Milliseconds until the last recoverable session expires; 0 if there is none. */
  pendingMs(): number {
    return Math.max(0, Math.ceil(this.#sessions.expiresAt - this.#settings.now()))
  }

  override close(): void {
    this.#sessions.clear()
    this.#sockets.clear()
    this.#recovering.clear()
    this.#memberships.clear()
    this.#sent.clear()
  }

  override addAll(id: string, rooms: Set<string>): void {
    void super.addAll(id, rooms)
    const membership = this.#memberships.get(id) ?? { since: this.#sequence, rooms: new Map() }
    for (const room of rooms) if (!membership.rooms.has(room)) membership.rooms.set(room, this.#sequence)
    this.#memberships.set(id, membership)
    // A socket joins its own room when it connects: from then on Socket.IO sends events to it.
    const socket: Socket | undefined = rooms.has(id) ? this.nsp.sockets.get(id) : undefined
    if (socket) this.#connect(socket, membership)
  }

  #connect(socket: Socket, membership: Membership): void {
    const { id } = socket
    this.#sockets.set(pidOf(socket), socket)
    const recovering = this.#recovering.get(id)
    if (!recovering) return
    this.#recovering.delete(id)
    const missed = this.#sent.missedBy(membership, recovering.position)
    for (const encoded of missed ?? []) socket.client._packet(encoded as Packet[], { preEncoded: true })
    // Some missed events were dropped in the meantime. The socket is marked as recovered already, so its connection is closed:
    // the client reconnects and joins anew.
    if (!missed) process.nextTick(() => socket.conn.close())
  }

  override del(id: string, room: string): void {
    void super.del(id, room)
    this.#memberships.get(id)?.rooms.delete(room)
  }

  override delAll(id: string): void {
    super.delAll(id)
    this.#memberships.delete(id)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    if (socket) this.#sockets.delete(pidOf(socket))
    const recovering = this.#recovering.get(id)
    if (!recovering) return
    // Refused, or disconnected, before it had connected: its session stays recoverable.
    this.#recovering.delete(id)
    this.#sessions.keep(recovering.recoverable, this.#settings.now())
  }

  override persistSession(session: RecoverableSession['session']): void {
    this.#sweep()
    const { isJoined, ownerOf, now, waitMs } = this.#settings
    const membership = this.#memberships.get(session.sid)
    const socket = this.nsp.sockets.get(session.sid)
    if (!membership || !isJoined(socket)) return
    const time = now()
    this.#sessions.keep({ session, membership, expiresAt: time + waitMs, owner: ownerOf(socket) }, time)
  }

  /**
   * Claims the session of a private id. If its socket is still connected, its connection is severed: the client has left it,
   * and nobody has noticed yet.
   */
  claim(pid: string, owner: string): SessionClaim | undefined {
    const { ownerOf, now } = this.#settings
    const socket = this.#sockets.get(pid)
    if (socket && ownerOf(socket) === owner) severConnection(socket.conn)
    return this.#sessions.find(pid, now())?.owner === owner ? CLAIM : undefined
  }

  /** `offset` is the position of the last event that the client has received; '' if it has received none. */
  override restoreSession(pid: string, offset: string): Promise<Session> {
    const recoverable = this.#sessions.find(pid, this.#settings.now())
    const sequence = sequenceOf(offset, this.#epoch, this.#sequence)
    if (!recoverable || sequence === undefined) return NOT_RECOVERED
    const { session, membership } = recoverable
    const position = Math.max(membership.since, sequence)
    // Some missed events were dropped: the client joins anew, which shows the gap.
    if (!this.#sent.missedBy(membership, position)) return NOT_RECOVERED
    this.#sessions.remove(pid)
    this.#recovering.set(session.sid, { recoverable, position })
    this.#memberships.set(session.sid, { ...membership, rooms: new Map(membership.rooms) })
    // The missed events are sent when it connects: more may be added until then, and it may be refused.
    return Promise.resolve({ ...session, missedPackets: [] })
  }

  override broadcast(packet: Packet, opts: BroadcastOptions): void {
    this.#sweep()
    if (packet.type === PacketType.EVENT && packet.id === undefined) {
      const isMissable = this.#memberships.size + this.#sessions.size > 0
      // Whoever is recovered receives the state of presence, and no change before.
      const { volatile: isVolatile, unkept: isUnkept } = (opts.flags ?? {}) as { volatile?: boolean; unkept?: boolean }
      const isKept = isMissable && !isVolatile && !isUnkept
      if (isKept) this.#sequence++
      this.#outgoing = { opts, isKept }
    }
    super.broadcast(packet, opts)
  }

  #encode(packet: Packet): unknown {
    const { encoder } = this.nsp.server
    const outgoing = this.#outgoing
    this.#outgoing = undefined
    if (!outgoing) return encoder.encode(packet)
    const sequence = this.#sequence
    // Also added to an event that is not kept: a client takes the last string of any event for its offset.
    const encoded = encoder.encode(packet, formatOffset(this.#epoch, sequence))
    const { rooms, except = new Set() } = outgoing.opts
    if (outgoing.isKept) this.#sent.keep({ sequence, at: this.#settings.now(), rooms, except, encoded })
    return encoded
  }

  #sweep(): void {
    const { now, keepMs, budget } = this.#settings
    const time = now()
    if (time < this.#sweepAt) return
    this.#sweepAt = time + keepMs / SWEEPS
    budget.sweep(time - keepMs)
    this.#sessions.sweep(time)
  }
}

/** The private id of a socket, which Socket.IO's types hide. */
function pidOf(socket: Socket): string {
  return (socket as unknown as { readonly pid: string }).pid
}
