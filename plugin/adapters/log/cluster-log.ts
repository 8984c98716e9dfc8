import type { Broker, LogContinuity, LogPosition, PlacedEntry } from '../broker.js'
import { type BodyHead, readHead, visitItems } from './log-body.js'
import { LogFollowing } from './log-following.js'
import type { LogItem } from './log-item.js'
import { comparePositions, formatOffset, LOG_START } from './log-position.js'
import type { LogRing } from './log-ring.js'
import type { LogWriter } from './log-writer.js'
import { SeenEntries } from './seen-entries.js'

/*
 * A log of the cluster as this node reads it: it is followed while one of its addresses is live here. Each entry is read once, in
 * the order of the log, and its items go to the addresses that are live.
 */

/** What a live address does with the items of its log. */
export interface LogReceiver {
  /**
   * @param node - the node that has emitted it
   * @param offset - its place in the log
   */
  receive(item: LogItem, node: string, offset: string): void
  /** Answers a question of another node about the sockets of this one. */
  answer(kind: string, data: unknown, from: string): unknown
  /** Closes the connections of all sockets, because they have missed something that can't be read any more. */
  closeConnections(): void
}

export interface ClusterLogOptions {
  readonly number: number
  readonly broker: Pick<Broker, 'follow' | 'unfollow' | 'isConnected'>
  readonly writer: LogWriter
  /** The live addresses of this log. */
  readonly receivers: ReadonlyMap<string, LogReceiver>
  readonly epoch: { readonly value: string; readonly atLoss: string; hear(epoch: string): void; renew(): Promise<void> }
  readonly isAlive: (node: string) => boolean
  /** Undefined without recovery. */
  readonly ring: LogRing | undefined
  /** Called when something of another node can't be read, or can't be carried out. */
  readonly report: (error: unknown, what: string) => void
}

// More calls than wait for entries at a time. A message of another node can't make this node keep more.
const MOST_WAITERS = 10_000
// The index of an offset behind all items of an entry.
const BEHIND_ALL = 999_999_999

interface SeenWaiter {
  readonly node: string
  readonly number: number
  readonly run: () => void
}

export class ClusterLog {
  readonly following: LogFollowing
  readonly ring: LogRing | undefined
  readonly #options: ClusterLogOptions
  readonly #seen: SeenEntries
  #position: LogPosition = LOG_START
  #index = BEHIND_ALL
  /** After the broker has lost something: the epoch of entries that their nodes append again, or that are older. */
  #refused: string | undefined
  /** Entries that wait until the epoch is renewed. */
  #held: PlacedEntry[] | undefined
  #waiters: SeenWaiter[] = []

  constructor(options: ClusterLogOptions) {
    this.#options = options
    this.ring = options.ring
    this.#seen = new SeenEntries(options.isAlive)
    this.following = new LogFollowing({
      ...options,
      begin: (end) => {
        if (comparePositions(end, this.#position) > 0) this.#position = end
        this.ring?.begin(options.epoch.value, this.#position)
      },
      end: () => this.#wake(),
    })
  }

  /** The place of the last item that was read. */
  get offset(): string {
    return formatOffset(this.#options.epoch.value, this.#position, this.#index)
  }

  receive(entry: PlacedEntry): void {
    if (!this.following.followed) return
    if (this.#held) this.#held.push(entry)
    else this.#read(entry)
  }

  resumed(continuity: LogContinuity): void {
    if (continuity === 'rolled back') void this.#startAgain()
    if (continuity !== 'trimmed') return
    this.ring?.lose()
    for (const receiver of this.#options.receivers.values()) receiver.closeConnections()
  }

  /** Calls `run` when this node has read an entry of a node; at once if it has, or if it does not follow the log. */
  whenSeen(node: string, number: number, run: () => void): void {
    if (this.#waiters.length >= MOST_WAITERS) this.#waiters.shift()?.run()
    this.#waiters.push({ node, number, run })
    this.#wake()
  }

  close(): void {
    this.following.close()
    this.#waiters = []
  }

  /**
   * The log begins anew, without what the broker has lost. Their nodes append it again in the new epoch, so everything of the old
   * one is skipped.
   */
  async #startAgain(): Promise<void> {
    const { epoch } = this.#options
    const held: PlacedEntry[] = []
    this.#held = held
    this.#refused = epoch.atLoss
    await epoch.renew()
    // The broker may have lost something again meanwhile.
    if (this.#held !== held) return
    this.#held = undefined
    this.#position = LOG_START
    for (const entry of held) this.#read(entry)
  }

  #read(entry: PlacedEntry): void {
    const { epoch, report } = this.#options
    const head = readHead(entry.body)
    this.#position = entry.position
    this.#index = BEHIND_ALL
    if (!head) report(new TypeError('It is not an entry'), 'an entry of the log was dropped')
    if (!head || head.epoch === this.#refused) return
    epoch.hear(head.epoch)
    if (!this.#seen.add(entry.node, entry.number)) return
    this.ring?.add(entry, epoch.value)
    this.#deliver(entry, head)
    if (this.#waiters.length > 0) this.#wake()
  }

  #deliver({ node, body }: PlacedEntry, head: BodyHead): void {
    const { receivers, report } = this.#options
    const found = head.addresses.map((address) => receivers.get(address))
    if (!found.some(Boolean)) return
    visitItems(
      body,
      head,
      found,
      (item, address, index) => {
        this.#index = index
        try {
          found[address]?.receive(item, node, this.offset)
        } catch (error) {
          report(error, 'an item of the log was dropped')
        }
      },
      () => report(new TypeError('It is not an item'), 'an item of the log was dropped'),
    )
    this.#index = BEHIND_ALL
  }

  #wake(): void {
    const isDue = ({ node, number }: SeenWaiter) =>
      this.following.followed === undefined || this.#seen.lastOf(node) >= number
    const due = this.#waiters.filter(isDue)
    if (due.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter))
    for (const { run } of due) run()
  }
}
