import type { Socket } from 'socket.io'
import { type Bucket, createBucket } from '../../shared/limits/token-bucket.js'
import type { Clock } from '../../shared/limits.js'
import { LogRates } from '../../shared/log/rated-log.js'
import { connectionStateOf } from '../../wire/connection-state.js'

/*
 * The rate limits of a socket, for its events and for the log lines that they cause. They are kept on the connection, so that
 * leaving and joining again does not reset them.
 */

const RATES_PER_CONNECTION = 200

type KeptRates = Map<string, EventRates>

export class EventRates {
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

/** The rates of an earlier socket of the same connection and namespace. */
export function ratesKeptFor({ conn, nsp }: Socket): EventRates | undefined {
  return (connectionStateOf(conn).rates as KeptRates | undefined)?.get(nsp.name)
}

/** Keeps the rates of a socket that leaves, until its connection closes. */
export function keepRates({ nsp, conn }: Socket, kept: EventRates | undefined): void {
  if (!kept || conn.readyState !== 'open') return
  const state = connectionStateOf(conn)
  state.rates ??= new Map()
  const rates = state.rates as KeptRates
  // A client may join one dynamic namespace after another: the oldest rates are dropped.
  const [oldest] = rates.keys()
  if (oldest !== undefined && rates.size >= RATES_PER_CONNECTION) rates.delete(oldest)
  rates.set(nsp.name, kept)
}
