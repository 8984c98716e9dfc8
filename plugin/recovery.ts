import type { Namespace, ServerOptions, Socket } from 'socket.io'
import { Adapter, type BroadcastOptions, type Session } from 'socket.io-adapter'
import { type Packet, PacketType } from 'socket.io-parser'
import type { Clock } from './limits.js'
import { type Presence, SentLog } from './sent.js'

/*
 * A session whose connection is lost waits for its client, and what it is sent meanwhile waits with it. Socket.IO's own
 * adapter for that keeps a timer for every namespace that has gone, sends what was missed before the socket is let in,
 * forgets what comes in between, and recovers nobody who was never sent anything.
 */

// Socket.IO's and engine.io's own.
const DEFAULT_WAIT_MS = 120_000
const DEFAULT_PING_INTERVAL_MS = 25_000
const DEFAULT_PING_TIMEOUT_MS = 20_000

// How often what has expired is swept out, in the time that an event is kept.
const SWEEPS = 8

export interface RecoverySettings {
  /** Whether a socket has become what it was to be: one that is lost in its onConnect begins again. */
  readonly isWhole: (socket: Socket) => boolean
  /** Milliseconds. */
  readonly now: Clock
}

interface Times {
  /** How long a session waits. */
  readonly waitMs: number
  /** How long an event is kept: as long as a session waits, and as long as the loss of its connection may go unnoticed. */
  readonly keepMs: number
}

/** A session that waits for its client. */
interface Waiting {
  readonly session: Omit<Session, 'missedPackets'>
  readonly presence: Presence
  readonly expiresAt: number
}

// Socket.IO's word for a session that is not recovered; its types have none.
const NOTHING = null as unknown as Promise<Session>

/** Completes the server's options with an adapter that recovers sessions, if they ask for it and bring none. */
export function withRecovery<Options extends Partial<ServerOptions>>(
  options: Options,
  settings: RecoverySettings,
): Options {
  const { connectionStateRecovery: recovery, adapter } = options
  if (!recovery || adapter) return options
  const { pingInterval = DEFAULT_PING_INTERVAL_MS, pingTimeout = DEFAULT_PING_TIMEOUT_MS } = options
  const { maxDisconnectionDuration: waitMs = DEFAULT_WAIT_MS } = recovery
  const times = { waitMs, keepMs: waitMs + pingInterval + pingTimeout }
  function createAdapter(namespace: Namespace): Adapter {
    return new RecoveringAdapter(namespace, settings, times)
  }
  return { ...options, adapter: createAdapter }
}

/** The adapter of one namespace. It keeps sessions and events in memory, and has no timer. */
export class RecoveringAdapter extends Adapter {
  readonly #settings: RecoverySettings & Times
  // By the private id, that its client alone knows.
  readonly #sessions = new Map<string, Waiting>()
  // By the id of a socket that has been made of a session, and has not connected yet.
  readonly #returning = new Map<string, Waiting & { readonly position: number }>()
  readonly #presences = new Map<string, Presence>()
  readonly #sent = new SentLog()
  #sequence = 0
  #sweepAt = 0
  #outgoing: { readonly opts: BroadcastOptions; readonly isKept: boolean } | undefined

  constructor(namespace: Namespace, settings: RecoverySettings, times: Times) {
    super(namespace)
    this.#settings = { ...settings, ...times }
    // What an event is on the wire, its check behind it, is known where it is encoded. There is no public word for that.
    Object.assign(this, { encoder: { encode: (packet: Packet) => this.#encode(packet) } })
  }

  /** How many sessions wait, how many sockets are there, and how many events are kept. */
  get size(): { readonly sessions: number; readonly sockets: number; readonly events: number } {
    const sessions = this.#sessions.size + this.#returning.size
    return { sessions, sockets: this.#presences.size, events: this.#sent.size }
  }

  /** Milliseconds until the last session that waits has expired; 0 for none. */
  pendingMs(): number {
    let last = 0
    for (const { expiresAt } of this.#sessions.values()) last = Math.max(last, expiresAt)
    return Math.max(0, Math.ceil(last - this.#settings.now()))
  }

  override close(): void {
    this.#sessions.clear()
    this.#returning.clear()
    this.#presences.clear()
    this.#sent.forget(Number.POSITIVE_INFINITY)
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
    for (const encoded of this.#sent.missedBy(presence, returning.position)) {
      socket.client._packet(encoded as Packet[], { preEncoded: true })
    }
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
    this.#sessions.set(returning.session.pid, returning)
  }

  override persistSession(session: Waiting['session']): void {
    this.#sweep()
    const presence = this.#presences.get(session.sid)
    if (!presence || !this.#settings.isWhole(this.nsp.sockets.get(session.sid))) return
    this.#sessions.set(session.pid, { session, presence, expiresAt: this.#settings.now() + this.#settings.waitMs })
  }

  /** `offset` is the sequence of the last event that the client has had; '' of one that has had none. */
  override restoreSession(pid: string, offset: string): Promise<Session> {
    const waiting = this.#sessions.get(pid)
    // None is too old: what is not kept any more was sent before the connection was lost.
    const isOffset = Number(offset) <= this.#sequence
    if (!waiting || !isOffset || waiting.expiresAt <= this.#settings.now()) return NOTHING
    const { session, presence } = waiting
    this.#sessions.delete(pid)
    this.#returning.set(session.sid, { ...waiting, position: Math.max(presence.since, Number(offset)) })
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
    const encoded = encoder.encode(packet, String(sequence))
    const { rooms, except = new Set() } = outgoing.opts
    if (outgoing.isKept) this.#sent.keep({ sequence, at: this.#settings.now(), rooms, except, encoded })
    return encoded
  }

  #sweep(): void {
    const { now, keepMs } = this.#settings
    const time = now()
    if (time < this.#sweepAt) return
    this.#sweepAt = time + keepMs / SWEEPS
    this.#sent.forget(time - keepMs)
    for (const [pid, { expiresAt }] of this.#sessions) if (expiresAt <= time) this.#sessions.delete(pid)
  }
}
