import type { Broker, BrokerReceiver, LogEntry, LogPart, LogPosition, PlacedEntry, RetainedPart } from '../broker.js'
import { LOG_START } from '../log/log-position.js'
import type { KeeperClient, LogKeeper } from './log-keeper.js'

/*
 * The connection of one node to a log keeper in the same process. It can be cut and restored, as that to a distant broker is.
 */

export class KeeperConnection implements Broker, KeeperClient {
  readonly kind = 'memory'
  readonly node: string
  readonly #keeper: LogKeeper
  readonly #windowMs: number
  /** The last position that was delivered, of each followed log. */
  readonly #followed = new Map<number, LogPosition>()
  #deliveries: (() => void)[] = []
  #receiver: BrokerReceiver | undefined
  #isConnected = false
  /** The last one that this node knows. */
  #epoch = ''

  /** `windowMs`: see BrokerSettings. */
  constructor(keeper: LogKeeper, node: string, windowMs: number) {
    this.#keeper = keeper
    this.node = node
    this.#windowMs = windowMs
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  async open(receiver: BrokerReceiver): Promise<void> {
    this.#receiver = receiver
    this.#attach()
  }

  /** Cuts the connection, as a network does. */
  cut(): void {
    this.#detach()
    this.#receiver?.lost(new Error('The connection was cut'))
  }

  /** Connects again after `cut()`. */
  restore(): void {
    const epoch = this.#epoch
    this.#attach()
    for (const [log, position] of this.#followed) {
      const continuity = this.#keeper.continuityOf(log, position, epoch)
      const after = continuity === 'rolled back' ? LOG_START : position
      this.#later(() => this.#receiver?.resumed(log, continuity))
      const { entries } = this.#keeper.logOf(log).read(after, Number.POSITIVE_INFINITY)
      for (const entry of entries) this.deliver(log, entry)
    }
  }

  async append(log: number, entry: LogEntry): Promise<LogPosition> {
    this.#check()
    return this.#keeper.append(log, entry, this.#windowMs)
  }

  async follow(log: number): Promise<LogPosition> {
    this.#check()
    const { end } = this.#keeper.logOf(log)
    this.#followed.set(log, end)
    return end
  }

  unfollow(log: number): void {
    this.#followed.delete(log)
  }

  async read(log: number, after: LogPosition, limit: number): Promise<LogPart> {
    this.#check()
    return this.#keeper.logOf(log).read(after, limit)
  }

  async readRetained(log: number, sets: readonly string[]): Promise<RetainedPart> {
    this.#check()
    return this.#keeper.readRetained(log, sets)
  }

  send(node: string | undefined, body: string): void {
    if (this.#isConnected) this.#keeper.send(node, body)
  }

  async epoch(): Promise<string> {
    this.#check()
    this.#epoch = this.#keeper.epoch
    return this.#epoch
  }

  async renewEpoch(old: string): Promise<string> {
    this.#check()
    this.#epoch = this.#keeper.renewEpoch(old)
    return this.#epoch
  }

  async putSession(id: string, text: string, ttlMs: number, head: string): Promise<boolean> {
    this.#check()
    return this.#keeper.sessions.put(id, text, ttlMs, head)
  }

  async takeSession(id: string): Promise<string | undefined> {
    this.#check()
    return this.#keeper.sessions.take(id)
  }

  async readSession(id: string): Promise<string | undefined> {
    this.#check()
    return this.#keeper.sessions.read(id)
  }

  async keepSessions(ids: readonly string[], ttlMs: number): Promise<readonly string[]> {
    this.#check()
    return ids.filter((id) => !this.#keeper.sessions.keep(id, ttlMs))
  }

  async dropSession(id: string): Promise<void> {
    this.#check()
    this.#keeper.sessions.take(id)
  }

  async close(): Promise<void> {
    this.#detach()
    this.#followed.clear()
  }

  /** Called by the keeper. */
  deliver(log: number, entry: PlacedEntry): void {
    if (!this.#followed.has(log)) return
    this.#later(() => {
      if (!this.#followed.has(log)) return
      this.#followed.set(log, entry.position)
      this.#receiver?.receiveEntry(log, entry)
    })
  }

  /** Called by the keeper. */
  tell(body: string): void {
    this.#later(() => this.#receiver?.receiveMessage(body))
  }

  #attach(): void {
    this.#isConnected = true
    this.#epoch = this.#keeper.epoch
    this.#keeper.attach(this)
    this.#receiver?.connected()
  }

  #detach(): void {
    this.#isConnected = false
    this.#keeper.detach(this)
    this.#deliveries = []
  }

  /** In order, and in a later tick, as over a network. */
  #later(delivery: () => void): void {
    if (this.#deliveries.push(delivery) > 1) return
    const deliveries = this.#deliveries
    setImmediate(() => {
      // Others may have been cut off since.
      if (this.#deliveries !== deliveries) return
      this.#deliveries = []
      for (const deliver of deliveries) deliver()
    })
  }

  #check(): void {
    if (!this.#isConnected) throw new Error('The broker is not connected')
  }
}
