import type {
  Broker,
  BrokerReceiver,
  BrokerSettings,
  LogEntry,
  LogPart,
  LogPosition,
  PlacedEntry,
  RetainedPart,
} from '../broker.js'
import { FST_NSP_BROKER_UNREACHABLE } from '../broker-errors.js'
import type { KeeperCall } from './keeper-calls.js'
import { PendingCalls } from './pending-calls.js'
import { itemsOf, WorkerWriter } from './worker-channel.js'
import { OWN_PROCESS, type WorkerProcess } from './worker-process.js'

/*
 * The broker in a worker of a Node.js cluster: each call is a message to the primary, which keeps the logs.
 */

/** How often a worker asks for a primary that does not answer yet. */
const ASK_MS = 200

/** Creates the broker of a worker. Nothing is sent before it is opened. */
export function createClusterBroker(settings: BrokerSettings, worker = OWN_PROCESS): Broker {
  return new ClusterBroker(settings, worker)
}

class ClusterBroker implements Broker {
  readonly kind = 'cluster'
  readonly #settings: BrokerSettings
  readonly #worker: WorkerProcess
  readonly #writer: WorkerWriter
  readonly #calls = new PendingCalls()
  /** Given to `open()`, before anything is sent. */
  #receiver!: BrokerReceiver
  #isConnected = false
  /** Ends the wait for the primary. */
  #opened = (_error?: Error) => {}

  constructor(settings: BrokerSettings, worker: WorkerProcess) {
    this.#settings = settings
    this.#worker = worker
    this.#writer = new WorkerWriter(worker)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  async open(receiver: BrokerReceiver): Promise<void> {
    const { node, prefix, windowMs, connectTimeoutMs, waitForBroker, onWait, warn } = this.#settings
    this.#receiver = receiver
    if (!this.#worker.send)
      throw unreachable('needs a worker', 'start this file by cluster.fork(), or leave adapter out')
    this.#worker.on('message', this.#onMessage)
    this.#worker.on('disconnect', this.#onDisconnect)
    const ask = () => this.#writer.write({ node, call: 'open', prefix, windowMs })
    const asking = setInterval(ask, ASK_MS)
    const timeout = setTimeout(() => {
      const problem = `was not answered by the primary within ${connectTimeoutMs} ms`
      if (!waitForBroker)
        this.#opened(unreachable(problem, "call setupPrimary() of 'fastify-namespaces/cluster' in the primary"))
      else warn("The primary does not answer yet: it must call setupPrimary() of 'fastify-namespaces/cluster'")
    }, connectTimeoutMs)
    ask()
    // What waiting does not mend was thrown.
    if (waitForBroker) onWait?.()
    try {
      await new Promise<void>((resolve, reject) => {
        this.#opened = (error) => (error ? reject(error) : resolve())
      })
    } finally {
      clearInterval(asking)
      clearTimeout(timeout)
    }
  }

  async append(log: number, entry: LogEntry): Promise<LogPosition> {
    const length = (entry.retained ?? []).reduce((sum, { value = '' }) => sum + value.length, entry.body.length)
    return (await this.#call('append', [log, entry], length)) as LogPosition
  }

  async follow(log: number): Promise<LogPosition> {
    return (await this.#call('follow', [log])) as LogPosition
  }

  unfollow(log: number): void {
    this.#tell('unfollow', [log])
  }

  async read(log: number, after: LogPosition, limit: number): Promise<LogPart> {
    return (await this.#call('read', [log, after, limit])) as LogPart
  }

  async readRetained(log: number, sets: readonly string[]): Promise<RetainedPart> {
    return (await this.#call('readRetained', [log, sets])) as RetainedPart
  }

  send(node: string | undefined, body: string): void {
    if (this.#isConnected) this.#tell('send', [node ?? null, body], body.length)
  }

  async epoch(): Promise<string> {
    return (await this.#call('epoch', [])) as string
  }

  async renewEpoch(old: string): Promise<string> {
    return (await this.#call('renewEpoch', [old])) as string
  }

  async putSession(id: string, text: string, ttlMs: number, head: string): Promise<boolean> {
    return (await this.#call('putSession', [id, text, ttlMs, head], text.length)) as boolean
  }

  async takeSession(id: string): Promise<string | undefined> {
    return (await this.#call('takeSession', [id])) as string | undefined
  }

  async readSession(id: string): Promise<string | undefined> {
    return (await this.#call('readSession', [id])) as string | undefined
  }

  async keepSessions(ids: readonly string[], ttlMs: number): Promise<readonly string[]> {
    return (await this.#call('keepSessions', [ids, ttlMs])) as string[]
  }

  async dropSession(id: string): Promise<void> {
    await this.#call('dropSession', [id])
  }

  async close(): Promise<void> {
    this.#writer.write({ node: this.#settings.node, call: 'close' })
    this.#worker.off('message', this.#onMessage)
    this.#worker.off('disconnect', this.#onDisconnect)
    this.#isConnected = false
    this.#opened()
    this.#calls.rejectAll(new Error('The broker was closed'))
  }

  async #call(call: KeeperCall, args: readonly unknown[], length = 0): Promise<unknown> {
    if (!this.#isConnected) throw new Error('The primary is not connected')
    return await this.#calls.begin((id) => this.#writer.write({ node: this.#settings.node, call, args, id }, length))
  }

  #tell(call: KeeperCall, args: readonly unknown[], length = 0): void {
    this.#writer.write({ node: this.#settings.node, call, args }, length)
  }

  readonly #onMessage = (message: unknown) => {
    for (const item of itemsOf(message)) {
      if (item.node !== this.#settings.node) continue
      if (typeof item.told === 'string') this.#told(item.told, item.args as readonly unknown[])
      else this.#calls.answer(item)
    }
  }

  /** The primary is this application's own: what it tells has its form. */
  #told(told: string, args: readonly unknown[]): void {
    if (told === 'receiveEntry') this.#receiver.receiveEntry(...(args as [number, PlacedEntry]))
    else if (told === 'receiveMessage') this.#receiver.receiveMessage(...(args as [string]))
    else if (told === 'resumed') this.#receiver.resumed(...(args as Parameters<BrokerReceiver['resumed']>))
    else if (told === 'lost') this.#lose(new Error(String(args[0])))
    else {
      this.#isConnected = true
      this.#opened()
    }
  }

  readonly #onDisconnect = () => {
    const error = new Error('The primary is gone')
    this.#opened(error)
    this.#lose(error)
  }

  #lose(error: Error): void {
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#calls.rejectAll(error)
    this.#receiver.lost(error)
  }
}

function unreachable(problem: string, remedy: string): Error {
  return new FST_NSP_BROKER_UNREACHABLE('cluster', problem, remedy)
}
