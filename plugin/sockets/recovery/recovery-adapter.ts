import type { Namespace, Socket } from 'socket.io'
import type { BroadcastOptions, Session } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { Adapter, PacketType } from '../../wire/socket-io-packages.js'
import { createEpoch, formatOffset, sequenceOf } from './position.js'
import type { BudgetShare } from './recovery-budget.js'
import type { RecoverySettings } from './recovery-settings.js'
import { type Membership, SentLog } from './sent-log.js'

/*
 * An adapter that recovers sessions within one process: after a lost connection it keeps the session and the events that it
 * misses. Socket.IO's own adapter for this keeps a timer for each namespace that was closed, sends missed events before the
 * socket is admitted, loses those sent in between, and does not recover a client that has received no event.
 */

// How often expired entries are removed within the time that an event is kept.
const SWEEPS = 8

// The approximate memory of a recoverable session, and of each of its rooms, in bytes.
const SESSION_BYTES = 1_000
const ROOM_BYTES = 100

/** A session that can be recovered: its connection is lost. */
interface RecoverableSession {
  readonly session: Omit<Session, 'missedPackets'>
  readonly membership: Membership
  readonly expiresAt: number
  readonly owner: string | undefined
  share: BudgetShare | undefined
}

// Socket.IO expects null for a session that is not recovered; its types do not.
const NOT_RECOVERED = null as unknown as Promise<Session>

/** The adapter of one namespace. It keeps sessions and events in memory, and uses no timer. */
export class RecoveringAdapter extends Adapter {
  readonly #settings: RecoverySettings
  readonly #epoch = createEpoch()
  // By private id, which only the client knows.
  readonly #sessions = new Map<string, RecoverableSession>()
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
    let last = 0
    for (const { expiresAt } of this.#sessions.values()) last = Math.max(last, expiresAt)
    return Math.max(0, Math.ceil(last - this.#settings.now()))
  }

  override close(): void {
    for (const recoverable of this.#sessions.values()) this.#release(recoverable)
    this.#sessions.clear()
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
    const recovering = this.#recovering.get(id)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    if (!recovering || !socket) return
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
    const recovering = this.#recovering.get(id)
    if (!recovering) return
    // Refused, or disconnected, before it had connected: its session stays recoverable.
    this.#recovering.delete(id)
    this.#makeRecoverable(recovering.recoverable)
  }

  override persistSession(session: RecoverableSession['session']): void {
    this.#sweep()
    const { isJoined, ownerOf, now, waitMs } = this.#settings
    const membership = this.#memberships.get(session.sid)
    const socket = this.nsp.sockets.get(session.sid)
    if (!membership || !isJoined(socket)) return
    this.#makeRecoverable({ session, membership, expiresAt: now() + waitMs, owner: ownerOf(socket), share: undefined })
  }

  /** Whether the recoverable session of a private id belongs to another user. */
  isOfAnother(pid: string, userId: string | undefined): boolean {
    const recoverable = this.#sessions.get(pid)
    return recoverable !== undefined && recoverable.owner !== userId
  }

  #makeRecoverable(recoverable: RecoverableSession): void {
    const { budget, now } = this.#settings
    const { session, membership } = recoverable
    this.#sessions.set(session.pid, recoverable)
    const drop = () => void this.#sessions.delete(session.pid)
    recoverable.share = budget.take({ drop }, SESSION_BYTES + ROOM_BYTES * membership.rooms.size, now())
  }

  #release({ share }: RecoverableSession): void {
    if (share) this.#settings.budget.release(share)
  }

  /** `offset` is the position of the last event that the client has received; '' if it has received none. */
  override restoreSession(pid: string, offset: string): Promise<Session> {
    const recoverable = this.#sessions.get(pid)
    const sequence = sequenceOf(offset, this.#epoch, this.#sequence)
    if (!recoverable || sequence === undefined || recoverable.expiresAt <= this.#settings.now()) return NOT_RECOVERED
    const { session, membership } = recoverable
    const position = Math.max(membership.since, sequence)
    // Some missed events were dropped: the client joins anew, which shows the gap.
    if (!this.#sent.missedBy(membership, position)) return NOT_RECOVERED
    this.#sessions.delete(pid)
    this.#release(recoverable)
    this.#recovering.set(session.sid, { recoverable, position })
    this.#memberships.set(session.sid, { ...membership, rooms: new Map(membership.rooms) })
    // The missed events are sent when it connects: more may be added until then, and it may be refused.
    return Promise.resolve({ ...session, missedPackets: [] })
  }

  override broadcast(packet: Packet, opts: BroadcastOptions): void {
    this.#sweep()
    if (packet.type === PacketType.EVENT && packet.id === undefined) {
      const isMissable = this.#memberships.size + this.#sessions.size > 0
      const isKept = isMissable && !opts.flags?.volatile
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
    for (const [pid, recoverable] of this.#sessions) {
      if (recoverable.expiresAt > time) continue
      this.#sessions.delete(pid)
      this.#release(recoverable)
    }
  }
}
