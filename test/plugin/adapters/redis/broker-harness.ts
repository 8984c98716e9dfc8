import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { Test } from 'tap'
import type { Broker, BrokerReceiver, LogContinuity, PlacedEntry } from '../../../../plugin/adapters/broker.js'
import { createRedisBroker, type RedisBrokerSettings } from '../../../../plugin/adapters/redis/redis-broker.js'

/** What a node has heard of its broker, and waiting for more. */
export class Heard implements BrokerReceiver {
  readonly entries: [log: number, entry: PlacedEntry][] = []
  readonly messages: string[] = []
  readonly losses: Error[] = []
  readonly resumptions: [log: number, continuity: LogContinuity][] = []
  connections = 0
  #wake = () => {}

  receiveEntry(log: number, entry: PlacedEntry): void {
    this.entries.push([log, entry])
    this.#wake()
  }

  receiveMessage(body: string): void {
    this.messages.push(body)
    this.#wake()
  }

  lost(error: Error): void {
    this.losses.push(error)
    this.#wake()
  }

  connected(): void {
    this.connections++
  }

  resumed(log: number, continuity: LogContinuity): void {
    this.resumptions.push([log, continuity])
    this.#wake()
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  bodies(log: number): string[] {
    return this.entries.filter(([number]) => number === log).map(([, { body }]) => body)
  }
}

export interface OpenedBroker {
  readonly broker: Broker
  readonly heard: Heard
  readonly node: string
  readonly warnings: string[]
  /** Appends, numbering by itself. */
  append(log: number, ...bodies: string[]): Promise<void>
}

export interface Place {
  readonly path?: string
  readonly port?: number
  readonly username?: string
  readonly password?: string
  readonly database?: number
}

/** A client of each family, never connected: brokers use duplicates. */
export const CLIENTS = {
  redis({ path, port, ...rest }: Place): object {
    const socket = path === undefined ? { host: '127.0.0.1', port: Number(port) } : { path, tls: false as const }
    return createClient({ ...rest, socket })
  },
  ioredis: ({ database, ...place }: Place): object => new Redis({ ...place, db: database ?? 0, lazyConnect: true }),
}

export const settingsOf = (settings: Partial<RedisBrokerSettings>, warnings: string[] = []): RedisBrokerSettings => ({
  node: randomUUID(),
  prefix: 'test',
  windowMs: 60_000,
  connectTimeoutMs: 5_000,
  waitForBroker: false,
  warn: (message, error) => warnings.push(error ? `${message}: ${(error as Error).message}` : message),
  ...settings,
})

export async function openBroker(t: Test, given: Partial<RedisBrokerSettings>): Promise<OpenedBroker> {
  const warnings: string[] = []
  const settings = settingsOf(given, warnings)
  const broker = await createRedisBroker(settings)
  const heard = new Heard()
  const numbers = new Map<number, number>()
  t.teardown(() => broker.close())
  await broker.open(heard)
  return {
    broker,
    heard,
    node: settings.node,
    warnings,
    async append(log, ...bodies) {
      await Promise.all(
        bodies.map((body) => {
          const number = (numbers.get(log) ?? 0) + 1
          numbers.set(log, number)
          return broker.append(log, { node: settings.node, number, body })
        }),
      )
    },
  }
}
