import type { Broker } from '../broker.js'
import type { ClusterNode } from '../cluster-node.js'
import { HeardPlaces } from './heard-places.js'
import { type LiveSession, LiveSessions } from './live-sessions.js'
import { isPid, markOf } from './session-ids.js'
import { headOf, readRecord, type SessionRecord } from './session-record.js'
import { SessionWriter } from './session-writer.js'
import { type AskNode, createTakeovers } from './takeovers.js'

/*
 * The sessions of a node: those of its sockets, and those that its joins have claimed.
 */

export interface NodeSessionsOptions {
  readonly node: Pick<
    ClusterNode,
    'id' | 'epoch' | 'isConnected' | 'alive' | 'messages' | 'requestTimeoutMs' | 'report'
  >
  readonly broker: Pick<Broker, 'putSession' | 'takeSession' | 'readSession' | 'keepSessions' | 'dropSession'>
  /** How long a lost session can be recovered. Milliseconds. */
  readonly waitMs: number
  /** How long a lost connection may go unnoticed. Milliseconds. */
  readonly pingMs: number
  /** Milliseconds. @defaultValue `performance.now` */
  readonly now?: () => number
}

/** A session that a join has claimed. */
interface ClaimedSession {
  readonly record: SessionRecord
  /** Ends the connection of the join. */
  readonly sever: () => void
}

const SWEEP_MS = 1_000

export class NodeSessions {
  readonly #options: NodeSessionsOptions
  /** What every connected client has received. */
  readonly heard: HeardPlaces
  readonly #writer: SessionWriter
  readonly #live: LiveSessions
  readonly #claimed = new Map<string, ClaimedSession>()
  readonly #askNode: AskNode
  readonly #now: () => number
  /** While a connection is severed: what its adapter persists. */
  #severed: { record: SessionRecord | undefined } | undefined
  #timer: NodeJS.Timeout | undefined
  #epoch = ''

  constructor(options: NodeSessionsOptions) {
    const { node, broker, waitMs, pingMs, now = () => performance.now() } = options
    this.#options = options
    this.#now = now
    this.heard = new HeardPlaces(pingMs, SWEEP_MS)
    this.#writer = new SessionWriter({ broker, head: headOf(node.id), waitMs, report: node.report })
    this.#live = new LiveSessions(this.#writer, (session) => void this.#sever(session))
    this.#askNode = createTakeovers(node, (pid, owner) => this.#handOver(pid, owner))
  }

  /** The numbers of connected sockets, of claims, and of lost sessions that wait for the broker. */
  get size(): { readonly live: number; readonly claimed: number; readonly unwritten: number } {
    return { live: this.#live.size, claimed: this.#claimed.size, unwritten: this.#writer.size }
  }

  open(): void {
    this.#epoch = this.#options.node.epoch
    this.#timer = setInterval(() => {
      this.heard.tick()
      this.sweep()
    }, SWEEP_MS).unref()
  }

  /** Resolves when the broker has the sessions that were lost, at the latest after half a second. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writer.close(() => this.#options.node.isConnected)
  }

  /** A socket has connected. */
  enter(session: LiveSession): void {
    this.#claimed.delete(session.pid)
    this.#live.add(session, this.#now())
  }

  /** Something of a session has changed: it is written at the end of the tick. */
  touch(pid: string): void {
    this.#live.touch(pid)
  }

  /** A socket has left; if it was not persisted, it can't be recovered. */
  leave(pid: string): void {
    if (this.#live.remove(pid) && !this.#severed) this.#writer.drop(pid)
  }

  /** The connection of a socket is lost. */
  persist(record: SessionRecord): void {
    this.#live.remove(record.pid)
    if (this.#severed) this.#severed.record = record
    else this.#write(record, 'give')
  }

  /** No session that its owner has now can be recovered any more, by any node. */
  revoke(owner: string): void {
    this.#writer.mark(markOf(owner))
  }

  /** Claims the session of a private id. `sever` ends the connection of the join. */
  async claim(address: string, pid: string, owner: string, sever: () => void): Promise<{ end(): void } | undefined> {
    const live = this.#live.find(pid)
    const isOwn = live?.address === address && live.owner === owner
    if (!isPid(pid) || (live && !isOwn)) return undefined
    const found = live ? this.#sever(live) : await this.#take(address, pid, owner)
    if (!found) return live && this.forget(pid)
    let claimed = this.#hold(found, sever)
    if (this.#options.node.alive.includes(found.node)) {
      const answer = await this.#askNode(found.node, pid, owner)
      // Somebody else has it by now.
      if (this.#claimed.get(pid) !== claimed) return undefined
      const latest = answer === undefined ? found : readRecord(String(answer))
      if (!latest) return this.forget(pid)
      claimed = this.#hold(latest, sever)
    }
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
  forget(pid: string): undefined {
    this.#claimed.delete(pid)
    this.#writer.drop(pid)
  }

  /** Writes what the broker does not have, and prolongs what it has. */
  sweep(): void {
    const { node } = this.#options
    if (!node.isConnected) return
    this.#live.sweep(this.#now(), node.epoch !== this.#epoch)
    this.#epoch = node.epoch
    this.#writer.retry()
  }

  /** Whoever wants the session now learns that it is here; and the broker has it if this node dies. */
  #hold(found: SessionRecord, sever: () => void): ClaimedSession {
    const claimed = { record: { ...found, node: this.#options.node.id }, sever }
    this.#claimed.set(found.pid, claimed)
    this.#write(claimed.record, 'hold')
    return claimed
  }

  #write(record: SessionRecord, how: 'give' | 'hold'): void {
    const text = this.#writer.textOf(record)
    if (text !== undefined) this.#writer[how](record.pid, text)
  }

  #sever(live: LiveSession): SessionRecord | undefined {
    const severed: { record: SessionRecord | undefined } = { record: undefined }
    this.#severed = severed
    live.sever()
    this.#severed = undefined
    return severed.record
  }

  async #take(address: string, pid: string, owner: string): Promise<SessionRecord | undefined> {
    const isOwn = (text: string) => {
      const record = readRecord(text)
      return record?.address === address && record.owner === owner
    }
    const text = await this.#writer.take(pid, isOwn)
    if (text === undefined || (await this.#writer.isMarked(markOf(owner)))) return undefined
    return readRecord(text)
  }

  /**
   * Gives a session of this node to another one, which has asked for it.
   *
   * @returns its text; undefined if it is not here, false if it can't be recovered
   */
  #handOver(pid: string, owner: string): string | false | undefined {
    const live = this.#live.find(pid)
    const claimed = this.#claimed.get(pid)
    if (!live && !claimed) {
      this.#writer.takeBack(pid)
      return undefined
    }
    if ((live?.owner ?? claimed?.record.owner) !== owner) return false
    this.#claimed.delete(pid)
    claimed?.sever()
    const record = live ? this.#sever(live) : claimed?.record
    return (record && this.#writer.textOf(record)) ?? false
  }
}
