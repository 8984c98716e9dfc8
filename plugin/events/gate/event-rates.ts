import type { Socket } from 'socket.io'
import { type Bucket, type Clock, createBucket } from '../../shared/limits.js'
import { LogRates } from '../../shared/log/rated-log.js'

/*
 * The rates of a socket: of its events, and of the log lines that they cause. Who leaves and joins again finds them as they
 * were.
 */

const RATES_PER_CONNECTION = 200

const RATES = Symbol('rates')

type Client = Socket['client'] & { [RATES]?: Map<string, Rates> }

export class Rates {
  readonly bucket: Bucket
  readonly #now: Clock
  #lines: LogRates | undefined = undefined

  constructor(eventsPerSecond: number, now: Clock) {
    this.bucket = createBucket(eventsPerSecond, now)
    this.#now = now
  }

  get lines(): LogRates {
    this.#lines ??= new LogRates(this.#now)
    return this.#lines
  }
}

/** What is kept of an earlier socket of that connection in that namespace. */
export function ratesKeptFor({ client, nsp }: Socket): Rates | undefined {
  return (client as Client)[RATES]?.get(nsp.name)
}

/** Keeps the rates of a socket that leaves, for as long as its connection lives. */
export function keepRates({ client: stock, nsp, conn }: Socket, kept: Rates | undefined): void {
  if (!kept || conn.readyState !== 'open') return
  const client: Client = stock
  client[RATES] ??= new Map()
  const rates = client[RATES]
  // A client may go from one dynamic namespace to the next for ever.
  const [oldest] = rates.keys()
  if (oldest !== undefined && rates.size >= RATES_PER_CONNECTION) rates.delete(oldest)
  rates.set(nsp.name, kept)
}
