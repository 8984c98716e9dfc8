import type { Namespace, Socket } from 'socket.io'
import { Adapter, type BroadcastOptions, type Session } from 'socket.io-adapter'
import { type Packet, PacketType } from 'socket.io-parser'
import { createEpoch, formatOffset, sequenceOf } from './position.js'
import type { Share } from './recovery-budget.js'
import type { RecoverySettings } from './recovery-settings.js'
import { type Presence, SentLog } from './sent-log.js'

/*
 * A session whose connection is lost waits for its client, and what it is sent meanwhile waits with it. Socket.IO's own
 * adapter for that keeps a timer for every namespace that has gone, sends what was missed before the socket is let in,
 * forgets what comes in between, and recovers nobody who was never sent anything.
 */

// How often what has expired is swept out, in the time that an event is kept.
const SWEEPS = 8

// What a session weighs that waits, and what each of its rooms adds, in bytes: about.
const SESSION_BYTES = 1_000
const ROOM_BYTES = 100

/** A session that waits for its client. */
interface Waiting {
  readonly session: Omit<Session, 'missedPackets'>
  readonly presence: Presence
  readonly expiresAt: number
  readonly owner: string | undefined
  share: Share | undefined
}

// Socket.IO's word for a session that is not recovered; its types have none.
const NOTHING = null as unknown as Promise<Session>

/** The adapter of one namespace. It keeps sessions and events in memory, and has no timer. */
export class RecoveringAdapter extends Adapter {
  readonly #settings: RecoverySettings
  readonly #epoch = createEpoch()
  // By the private id, that its client alone knows.
  readonly #sessions = new Map<string, Waiting>()
  // By the id of a socket that has been made of a session, and has not connected yet.
  readonly #returning = new Map<string, { readonly waiting: Waiting; readonly position: number }>()
  readonly #presences = new Map<string, Presence>()
  readonly #sent: SentLog
  #sequence = 0
  #sweepAt = 0
  #outgoing: { readonly opts: BroadcastOptions; readonly isKept: boolean } | undefined

  constructor(namespace: Namespace, settings: RecoverySettings) {
    super(namespace)
    this.#settings = settings
    this.#sent = new SentLog(settings.budget)
    // What an event is on the wire, its check behind it, is known where it is encoded. There is no public word for that.
    Object.assign(this, { encoder: { encode: (packet: Packet) => this.#encode(packet) } })
  }

  /** How many sessions wait, how many sockets are there, and how many events are kept. */
  get size(): { readonly sessions: number; readonly sockets: number; readonly events: number } {
    const sessions = this.#sessions.size + this.#returning.size
    return { sessions, sockets: this.#presences.size, events: this.#sent.size }
  }

  /** Bytes that all adapters of this server keep. */
  get bytes(): number {
    return this.#settings.budget.bytes
  }

  /** Milliseconds until the last session that waits has expired; 0 for none. */
  pendingMs(): number {
    let last = 0
    for (const { expiresAt } of this.#sessions.values()) last = Math.max(last, expiresAt)
    return Math.max(0, Math.ceil(last - this.#settings.now()))
  }

  override close(): void {
    for (const waiting of this.#sessions.values()) this.#release(waiting)
    this.#sessions.clear()
    this.#returning.clear()
    this.#presences.clear()
    this.#sent.clear()
  }

  override addAll(id: string, rooms: Set<string>): void {
    void super.addAll(id, rooms)
    const presence = this.#presences.get(id) ?? { since: this.#sequence, rooms: new Map() }
    for (const room of rooms) if (!presence.rooms.has(room)) presence.rooms.set(room, this.#sequence)
    this.#presences.set(id, presence)
    // A socket joins its own room as it connects: only then Socket.IO has it among those that are sent something.
    const returning = this.#returning.get(id)
    const socket: Socket | undefined = this.nsp.sockets.get(id)
    if (!returning || !socket) return
    this.#returning.delete(id)
    const missed = this.#sent.missedBy(presence, returning.position)
    for (const encoded of missed ?? []) socket.client._packet(encoded as Packet[], { preEncoded: true })
    // Some had to go on its way here. It has said that it is recovered: so it is lost again, and joins anew.
    if (!missed) process.nextTick(() => socket.conn.close())
  }

  override del(id: string, room: string): void {
    void super.del(id, room)
    this.#presences.get(id)?.rooms.delete(room)
  }

  override delAll(id: string): void {
    super.delAll(id)
    this.#presences.delete(id)
    const returning = this.#returning.get(id)
    if (!returning) return
    // Refused, or lost again, before it connected: its session waits on.
    this.#returning.delete(id)
    this.#wait(returning.waiting)
  }

  override persistSession(session: Waiting['session']): void {
    this.#sweep()
    const { isWhole, ownerOf, now, waitMs } = this.#settings
    const presence = this.#presences.get(session.sid)
    const socket = this.nsp.sockets.get(session.sid)
    if (!presence || !isWhole(socket)) return
    this.#wait({ session, presence, expiresAt: now() + waitMs, owner: ownerOf(socket), share: undefined })
  }

  /** Whether the session that waits under a private id is that of another user. */
  isOfAnother(pid: string, userId: string | undefined): boolean {
    const waiting = this.#sessions.get(pid)
    return waiting !== undefined && waiting.owner !== userId
  }

  #wait(waiting: Waiting): void {
    const { budget, now } = this.#settings
    const { session, presence } = waiting
    this.#sessions.set(session.pid, waiting)
    const drop = () => void this.#sessions.delete(session.pid)
    waiting.share = budget.take({ drop }, SESSION_BYTES + ROOM_BYTES * presence.rooms.size, now())
  }

  #release({ share }: Waiting): void {
    if (share) this.#settings.budget.release(share)
  }

  /** `offset` is the position of the last event that the client has had; '' of one that has had none. */
  override restoreSession(pid: string, offset: string): Promise<Session> {
    const waiting = this.#sessions.get(pid)
    const sequence = sequenceOf(offset, this.#epoch, this.#sequence)
    if (!waiting || sequence === undefined || waiting.expiresAt <= this.#settings.now()) return NOTHING
    const { session, presence } = waiting
    const position = Math.max(presence.since, sequence)
    // Some of what it has missed had to go: it joins anew, and so hears that there is a gap.
    if (!this.#sent.missedBy(presence, position)) return NOTHING
    this.#sessions.delete(pid)
    this.#release(waiting)
    this.#returning.set(session.sid, { waiting, position })
    this.#presences.set(session.sid, { ...presence, rooms: new Map(presence.rooms) })
    // What it has missed follows when it connects: more may come until then, and it may be refused.
    return Promise.resolve({ ...session, missedPackets: [] })
  }

  override broadcast(packet: Packet, opts: BroadcastOptions): void {
    this.#sweep()
    if (packet.type === PacketType.EVENT && packet.id === undefined) {
      const isMissable = this.#presences.size + this.#sessions.size > 0
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
    // Also of one that is not kept: a client takes the last text of any event for its offset.
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
    for (const [pid, waiting] of this.#sessions) {
      if (waiting.expiresAt > time) continue
      this.#sessions.delete(pid)
      this.#release(waiting)
    }
  }
}
