import type { Socket } from 'socket.io'
import { type Bucket, type Clock, createBucket } from '../../shared/limits.js'
import { LineRates } from '../../shared/log/rated-log.js'
import { connectionStateOf } from '../../wire/connection-state.js'

/*
 * The rates of a socket: of its events, and of the log lines that they cause. Who leaves and joins again finds them as they
 * were.
 */

const RATES_PER_CONNECTION = 200

type KeptRates = Map<string, Rates>

export class Rates {
  readonly bucket: Bucket
  readonly #now: Clock
  #lines: LineRates | undefined = undefined

  constructor(eventsPerSecond: number, now: Clock) {
    this.bucket = createBucket(eventsPerSecond, now)
    this.#now = now
  }

  get lines(): LineRates {
    this.#lines ??= new LineRates(this.#now)
    return this.#lines
  }
}

/** What is kept of an earlier socket of that connection in that namespace. */
export function ratesKeptFor({ conn, nsp }: Socket): Rates | undefined {
  return (connectionStateOf(conn).rates as KeptRates | undefined)?.get(nsp.name)
}

/** Keeps the rates of a socket that leaves, for as long as its connection lives. */
export function keepRates({ nsp, conn }: Socket, kept: Rates | undefined): void {
  if (!kept || conn.readyState !== 'open') return
  const state = connectionStateOf(conn)
  state.rates ??= new Map()
  const rates = state.rates as KeptRates
  // A client may go from one dynamic namespace to the next for ever.
  const [oldest] = rates.keys()
  if (oldest !== undefined && rates.size >= RATES_PER_CONNECTION) rates.delete(oldest)
  rates.set(nsp.name, kept)
}
