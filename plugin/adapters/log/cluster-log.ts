import type { Broker, LogContinuity, LogPosition, PlacedEntry } from '../broker.js'
import type { NodeEpoch } from '../nodes/node-epoch.js'
import { DeliveredWaiters } from '../retained/delivered-waiters.js'
import type { LogRing } from '../ring/log-ring.js'
import { deliverEntry, type EntryDelivery, rereadRetained } from './deliver-entry.js'
import { FirstCopies } from './first-copies.js'
import { type BodyHead, readHead } from './log-body.js'
import { LogFollowing } from './log-following.js'
import { BEHIND_ALL, formatOffset, parseOffset } from './log-position.js'
import type { LogPlace, LogSegments } from './log-segments.js'
import type { LogWriter } from './log-writer.js'
import { SeenEntries } from './seen-entries.js'
import { SeenWaiters } from './seen-waiters.js'

/*
 * A log of the cluster as this node reads it: it is followed while one of its addresses is live here. Each entry is read once, in
 * the order of the log, and its items go to the addresses that are live.
 */

export interface ClusterLogOptions extends EntryDelivery {
  readonly number: number
  readonly broker: Pick<Broker, 'follow' | 'unfollow' | 'isConnected' | 'read'>
  readonly writer: LogWriter
  readonly epoch: Pick<NodeEpoch, 'value' | 'atLoss' | 'hear' | 'ask' | 'renew'>
  readonly segments: LogSegments
  readonly isAlive: (node: string) => boolean
  /** Undefined without recovery. */
  readonly ring: LogRing | undefined
}

export class ClusterLog {
  readonly following: LogFollowing
  readonly ring: LogRing | undefined
  readonly #options: ClusterLogOptions
  readonly #seen: SeenEntries
  readonly #copies: FirstCopies
  readonly #waiters: SeenWaiters
  readonly #delivered = new DeliveredWaiters(() => this.end)
  #index = BEHIND_ALL
  /** Where this node began to read. */
  #begin: LogPlace | undefined
  /** After the broker has lost something: the epoch of entries that their nodes append again, or that are older. */
  #refused: string | undefined
  /** Entries that wait until the epoch is known, and the log's end. */
  #held: PlacedEntry[] | undefined = []

  constructor(options: ClusterLogOptions) {
    this.#options = options
    this.ring = options.ring
    this.#seen = new SeenEntries(options.isAlive)
    this.#copies = new FirstCopies({ ...options, seen: this.#seen })
    this.#waiters = new SeenWaiters((node, number) => !this.following.followed || this.#seen.lastOf(node) >= number)
    this.following = new LogFollowing({
      ...options,
      begin: (end) => this.#beginAt(end),
      end: () => {
        this.#held = []
        this.#delivered.clear()
        this.#waiters.wake()
      },
    })
  }

  /** The place of the last item that was read. */
  get offset(): string {
    const { epoch, end } = this.#options.segments.current
    return formatOffset(epoch, end, this.#index)
  }

  /** The last position that was read; undefined while entries wait. */
  get end(): LogPosition | undefined {
    return this.#held ? undefined : this.#options.segments.current.end
  }

  receive(entry: PlacedEntry): void {
    if (!this.following.followed) return
    const head = readHead(entry.body)
    const heard = head && !this.#held && this.#options.epoch.hear(head.epoch)
    if (heard) void this.#holdUntil(heard)
    if (this.#held) {
      this.#held.push(entry)
      this.#seen.note(entry)
    } else this.#read(entry, head)
  }

  resumed(continuity: LogContinuity): void {
    if (continuity === 'rolled back') void this.#startAgain()
    if (continuity === 'trimmed') this.lose()
  }

  /** Called when entries are gone that this node has not read. */
  lose(): void {
    const { receivers, report } = this.#options
    report(undefined, 'the broker has dropped what this node has not read')
    this.ring?.lose()
    this.#seen.lose()
    for (const receiver of receivers.values()) receiver.closeConnections()
    rereadRetained(receivers)
  }

  /** Whether this node should have read an entry of a node, which has told its number and its offset, and has not. */
  lacks(node: string, number: number, place: string): boolean {
    const { segments, epoch } = this.#options
    const offset = parseOffset(place)
    if (!offset || !this.#begin || !this.following.followed) return false
    return segments.isBehind(offset, this.#begin, epoch.value) && this.#seen.lacks(node, number)
  }

  /** The number of the last entry of a node that was read. */
  lastReadOf(node: string): number {
    return this.#seen.lastOf(node)
  }

  /** Calls `run` when this node has read an entry of a node; at once if it has, or if it does not follow the log. */
  whenSeen(node: string, number: number, run: () => void): void {
    this.#waiters.add(node, number, run)
  }

  /** Calls `run` when this node has read a position, and nothing behind it; at once if it has. */
  whenDelivered(position: LogPosition, run: () => void): void {
    this.#delivered.add(position, run)
  }

  close(): void {
    this.following.close()
    this.#held = []
    this.#delivered.clear()
    this.#waiters.clear()
  }

  #beginAt(end: LogPosition): Promise<void> {
    const { segments, epoch } = this.#options
    const begin = () => {
      segments.begin(epoch.value, end)
      this.#begin = { segment: segments.current, position: end, index: BEHIND_ALL }
      this.ring?.begin()
      this.#seen.begin()
    }
    return this.#holdUntil(epoch.ask().then(begin), this.#held)
  }

  /**
   * The log begins anew, without what the broker has lost. Their nodes append it again in the new epoch, so everything of the old
   * one is skipped.
   */
  async #startAgain(): Promise<void> {
    const { epoch, segments, receivers } = this.#options
    this.#refused = epoch.atLoss
    // Their positions may come again, as those of other entries.
    this.#delivered.clear()
    const renewed = epoch.renew().then(() => {
      segments.split(epoch.value)
      rereadRetained(receivers)
    })
    await this.#holdUntil(renewed)
  }

  /** Holds entries back. After a loss, what was held before is delivered again. */
  async #holdUntil(isKnown: Promise<unknown>, held: PlacedEntry[] = []): Promise<void> {
    this.#held = held
    await isKnown
    // The broker may have lost something again meanwhile.
    if (this.#held !== held) return
    this.#held = undefined
    this.#delivered.wake()
    for (const entry of held) this.receive(entry)
  }

  /** Holds an entry back until those before it have come. If they don't, the broker has dropped them. */
  #awaitMissing(entry: PlacedEntry): Promise<void> {
    const held = [entry]
    const ended = this.#seen.fillBefore(entry).then((isFilled) => isFilled || this.#held !== held || this.lose())
    return this.#holdUntil(ended, held)
  }

  #read(entry: PlacedEntry, head: BodyHead | undefined): void {
    const { epoch, segments, report, receivers } = this.#options
    const isRefused = head !== undefined && head.epoch === this.#refused
    const sought = isRefused ? undefined : this.#copies.look(entry, head, this.#begin as LogPlace)
    if (sought) return void this.#holdUntil(sought, [entry])
    if (!isRefused && this.#seen.isAhead(entry)) return void this.#awaitMissing(entry)
    segments.read(entry.position, head, epoch.value)
    this.#index = BEHIND_ALL
    if (!head) report(new TypeError('It is not an entry'), 'an entry of the log was dropped')
    const isNew = !isRefused && this.#seen.add(entry.node, entry.number)
    if (isNew && head && !segments.isBefore(parseOffset(head.again ?? ''), this.#begin as LogPlace)) {
      this.ring?.add(entry, head)
      deliverEntry(entry, head, this.#options, (index) => {
        this.#index = index
        return this.offset
      })
      this.#index = BEHIND_ALL
    }
    if (head?.again !== undefined) rereadRetained(receivers, head.addresses)
    this.#delivered.wake()
    if (isNew && head) this.#waiters.wake()
  }
}
