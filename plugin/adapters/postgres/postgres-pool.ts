import { Socket } from 'node:net'
import { FST_NSP_BROKER_MISSING } from '../broker-errors.js'

/*
 * The part of a pool of `pg` that the broker uses, and how one is made of a URL. The package is an optional peer: it is loaded here.
 */

export interface PgStatement {
  /** Prepared once for each connection. */
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
  /** Milliseconds. Then it rejects, and the connection is not used again. */
  readonly query_timeout: number
}

export type PgRow = Record<string, unknown>

export interface PgClient {
  query(statement: PgStatement): Promise<{ rows: PgRow[] }>
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown
  on(event: 'notification', listener: (told: { channel: string; payload?: string | undefined }) => void): unknown
  off(event: 'error', listener: () => void): unknown
  removeAllListeners(event: 'notification'): unknown
  /** `true`: the connection is not used again. */
  release(destroy: boolean): void
}

export interface PgPool {
  /** Calls `taken` at once, before what comes next on the connection. */
  connect(taken: (error: Error | undefined, client: PgClient | undefined) => void): void
  query(statement: PgStatement): Promise<{ rows: PgRow[] }>
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
}

export interface OpenPool {
  readonly pool: PgPool
  /** Ends what was made here; a pool that was handed over is left open. */
  end(): Promise<void>
}

/** Milliseconds that `end()` leaves to the farewells of the connections. */
const FAREWELL_MS = 500

/** Listens for errors of a connection that another one tells: a statement, or the end. */
export function ignoreError(): void {}

// With a catch of its own, an import may stay unresolved in a bundle.
const loadPg = () => import('pg').catch(Promise.reject.bind(Promise))

/** Lends a pool that belongs to the application. */
export function lendPool(pool: PgPool): OpenPool {
  return { pool, end: async () => {} }
}

/**
 * Makes a pool of a URL.
 *
 * @throws FST_NSP_BROKER_MISSING if `pg` is not installed
 */
export async function createPool(url: string, connectTimeoutMs: number, load = loadPg): Promise<OpenPool> {
  const { default: pg } = await load().catch((cause: unknown) => {
    throw Object.assign(new FST_NSP_BROKER_MISSING('postgres', 'pg'), { cause })
  })
  const sockets = new Set<Socket>()
  const pool = new pg.Pool({
    connectionString: url,
    // One listens, the others append and read.
    max: 6,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: 'fastify-namespaces',
    // Kept, because a connection that nobody answers can be ended only by its socket.
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    },
  })
  const end = async () => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, FAREWELL_MS)
    await pool.end()
    clearTimeout(timer)
  }
  return { pool, end }
}
