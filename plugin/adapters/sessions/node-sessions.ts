import type { Broker } from '../broker.js'
import type { ClusterNode } from '../cluster-node.js'
import { readRecord, type SessionRecord, writeRecord } from './session-record.js'
import { createTakeovers } from './takeovers.js'

/*
 * The sessions of a node: those of its sockets, which it writes to the broker and keeps alive there, and those that its joins have
 * claimed.
 */

/** The session of a connected socket. */
export interface LiveSession {
  readonly pid: string
  readonly address: string
  readonly owner: string
  readonly data: unknown
  /** Undefined while its onConnect runs: until then it can't be recovered. */
  readonly record: SessionRecord | undefined
  /** Ends its connection. If it can be recovered, `persist` is called before this returns. */
  sever(): void
}

/** A session that a join has claimed. */
export interface ClaimedSession {
  readonly record: SessionRecord
  /** Ends the connection of the join. */
  readonly sever: () => void
}

export interface NodeSessionsOptions {
  readonly node: Pick<
    ClusterNode,
    'id' | 'epoch' | 'isConnected' | 'alive' | 'messages' | 'requestTimeoutMs' | 'report'
  >
  readonly broker: Pick<Broker, 'putSession' | 'takeSession' | 'keepSessions' | 'dropSession'>
  /** How long a lost session can be recovered. Milliseconds. */
  readonly waitMs: number
}

/** How often the sessions of connected sockets are compared with what the broker has, and prolonged there. */
const SWEEP_MS = 1_000
const LEASE_MS = 10_000
const KEPT_AT_A_TIME = 500
// Of sessions that wait for the broker.
const MOST_UNWRITTEN = 10_000

interface WrittenSession {
  readonly session: LiveSession
  text: string | undefined
  data: string | undefined
}

export class NodeSessions {
  readonly #options: NodeSessionsOptions
  readonly #live = new Map<string, WrittenSession>()
  readonly #claimed = new Map<string, ClaimedSession>()
  readonly #changed = new Set<string>()
  /** Lost sessions that the broker does not have yet. */
  readonly #unwritten = new Map<string, string>()
  /** What `persist` was called with while a connection is severed. */
  #severed: SessionRecord | undefined
  #isSevering = false
  #sweep: NodeJS.Timeout | undefined
  #isFlushing = false
  #epoch = ''
  #keptAt = 0
  readonly #askNode: (node: string, pid: string, owner: string) => Promise<string | false | undefined>

  constructor(options: NodeSessionsOptions) {
    this.#options = options
    this.#askNode = createTakeovers(options.node, (pid, owner) => this.#handOver(pid, owner))
  }

  get size(): { readonly live: number; readonly claimed: number; readonly unwritten: number } {
    return { live: this.#live.size, claimed: this.#claimed.size, unwritten: this.#unwritten.size }
  }

  open(): void {
    this.#epoch = this.#options.node.epoch
    this.#sweep = setInterval(() => this.sweep(), SWEEP_MS).unref()
  }

  close(): void {
    clearInterval(this.#sweep)
  }

  /** A socket has connected. */
  enter(session: LiveSession): void {
    this.#claimed.delete(session.pid)
    this.#live.set(session.pid, { session, text: undefined, data: undefined })
    this.touch(session.pid)
  }

  /** Something of a session has changed: it is written at the end of the tick. */
  touch(pid: string): void {
    this.#changed.add(pid)
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => this.#flush())
  }

  /** A socket has left, and can't be recovered. */
  leave(pid: string): void {
    if (!this.#live.delete(pid)) return
    this.#drop(pid)
  }

  /** The connection of a socket is lost. */
  persist(record: SessionRecord): void {
    this.#live.delete(record.pid)
    if (this.#isSevering) this.#severed = record
    else this.#give(record)
  }

  /** Claims the session of a private id. `sever` ends the connection of the join. */
  async claim(address: string, pid: string, owner: string, sever: () => void): Promise<{ end(): void } | undefined> {
    const live = this.#live.get(pid)
    const isOwn = live?.session.address === address && live.session.owner === owner
    if (live && !isOwn) return undefined
    const found = live ? this.#severLive(live.session) : await this.#take(address, pid, owner)
    if (!found) return undefined
    const record = { ...found, node: this.#options.node.id }
    const claimed: ClaimedSession = { record, sever }
    this.#claimed.set(pid, claimed)
    // Whoever wants it now finds out that it is here, also if this node dies.
    this.#give(record)
    return {
      end: () => {
        if (this.#claimed.get(pid) === claimed) this.#claimed.delete(pid)
      },
    }
  }

  claimed(pid: string): SessionRecord | undefined {
    return this.#claimed.get(pid)?.record
  }

  /** A claimed session can't be recovered: something that it has missed is gone. */
  forget(pid: string): void {
    this.#claimed.delete(pid)
    this.#drop(pid)
  }

  /** Writes what the broker does not have, and prolongs what it has. */
  sweep(): void {
    const { node, broker, waitMs } = this.#options
    if (!node.isConnected) return
    const isRewritten = node.epoch !== this.#epoch
    this.#epoch = node.epoch
    for (const [pid, written] of this.#live) {
      if (isRewritten) written.text = undefined
      if (written.text === undefined || textOf(written.session.data) !== written.data) this.touch(pid)
    }
    for (const [pid, text] of this.#unwritten) this.#write(pid, text, waitMs)
    const now = Date.now()
    if (now - this.#keptAt < LEASE_MS) return
    this.#keptAt = now
    const pids = [...this.#live.keys()]
    for (let at = 0; at < pids.length; at += KEPT_AT_A_TIME) {
      void broker.keepSessions(pids.slice(at, at + KEPT_AT_A_TIME), waitMs + LEASE_MS).catch(() => {})
    }
  }

  #flush(): void {
    const { broker, waitMs, node } = this.#options
    this.#isFlushing = false
    for (const pid of this.#changed) {
      const written = this.#live.get(pid)
      const record = written?.session.record
      if (!written || !record) continue
      written.data = textOf(record.data)
      let text: string
      try {
        text = writeRecord(record)
      } catch (error) {
        node.report(error, 'the data of a socket is not JSON: its session can not be recovered')
        written.text = ''
        continue
      }
      if (text === written.text) continue
      written.text = text
      this.#unwritten.delete(pid)
      broker.putSession(pid, text, waitMs + LEASE_MS).catch(() => {
        // The next sweep writes it.
        written.text = undefined
      })
    }
    this.#changed.clear()
  }

  /** Writes a session that has no socket. */
  #give(record: SessionRecord): void {
    try {
      this.#write(record.pid, writeRecord(record), this.#options.waitMs)
    } catch (error) {
      this.#options.node.report(error, 'the data of a socket is not JSON: its session can not be recovered')
    }
  }

  #write(pid: string, text: string, ttlMs: number): void {
    if (this.#unwritten.size >= MOST_UNWRITTEN) this.#unwritten.clear()
    this.#unwritten.set(pid, text)
    this.#options.broker.putSession(pid, text, ttlMs).then(
      () => {
        if (this.#unwritten.get(pid) === text) this.#unwritten.delete(pid)
      },
      // The next sweep writes it.
      () => {},
    )
  }

  #drop(pid: string): void {
    this.#unwritten.delete(pid)
    // Without the broker it expires.
    this.#options.broker.dropSession(pid).catch(() => {})
  }

  #severLive(session: LiveSession): SessionRecord | undefined {
    this.#isSevering = true
    this.#severed = undefined
    session.sever()
    this.#isSevering = false
    return this.#severed
  }

  async #take(address: string, pid: string, owner: string): Promise<SessionRecord | undefined> {
    const { node, broker, waitMs } = this.#options
    const text = this.#unwritten.get(pid) ?? (await broker.takeSession(pid).catch(() => undefined))
    this.#unwritten.delete(pid)
    const record = text === undefined ? undefined : readRecord(text)
    if (!record || text === undefined) return undefined
    if (record.address !== address || record.owner !== owner) {
      this.#write(pid, text, waitMs)
      return undefined
    }
    if (record.node === node.id || !node.alive.includes(record.node)) return record
    const answer = await this.#askNode(record.node, pid, owner)
    if (answer === false) return undefined
    return answer === undefined ? record : readRecord(answer)
  }

  /**
   * Gives a session of this node to another one, which has asked for it.
   *
   * @returns its text; undefined if it is not here, false if it can't be recovered
   */
  #handOver(pid: string, owner: string): string | false | undefined {
    const live = this.#live.get(pid)
    if (live) {
      const record = live.session.owner === owner ? this.#severLive(live.session) : undefined
      return record ? writeRecord(record) : false
    }
    const claimed = this.#claimed.get(pid)
    this.#unwritten.delete(pid)
    if (!claimed) return undefined
    if (claimed.record.owner !== owner) return false
    this.#claimed.delete(pid)
    claimed.sever()
    return writeRecord(claimed.record)
  }
}

/** A text that changes with a value; undefined for what is not JSON. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
