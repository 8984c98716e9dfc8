import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Test } from 'tap'
import type { BrokerSettings, PlacedEntry } from '../../../../plugin/adapters/broker.js'
import { createPostgresBroker } from '../../../../plugin/adapters/postgres/postgres-broker.js'
import type { Postgres } from '../../../cluster/postgres.js'

/*
 * Brokers over a real PostgreSQL, and what they have told.
 */

/** What a broker has told, in order. */
class Told {
  readonly entries: (PlacedEntry & { log: number })[] = []
  readonly messages: string[] = []
  readonly losses: string[] = []
  readonly resumed: string[] = []
  readonly warnings: string[] = []
  connections = 0

  get bodies(): string[] {
    return this.entries.map(({ body }) => body)
  }

  readonly receiver = {
    receiveEntry: (log: number, entry: PlacedEntry) => void this.entries.push({ log, ...entry }),
    receiveMessage: (body: string) => void this.messages.push(body),
    lost: (error: Error) => void this.losses.push(error.message),
    connected: () => void this.connections++,
    resumed: (log: number, continuity: string) => void this.resumed.push(`${log} ${continuity}`),
  }
}

let nodes = 0

/** Creates a broker that is closed with its test. `from`: a URL, or a pool. */
export async function createBroker(t: Test, from: string | pg.Pool, settings: Partial<BrokerSettings> = {}) {
  const told = new Told()
  const node = `node${++nodes}`
  const broker = await createPostgresBroker({
    ...(typeof from === 'string' ? { url: from } : { pool: from }),
    node,
    prefix: 'test',
    windowMs: 60_000,
    connectTimeoutMs: 10_000,
    waitForBroker: false,
    warn: (message, error) => void told.warnings.push(`${message}: ${error instanceof Error ? error.message : ''}`),
    ...settings,
  })
  t.teardown(() => broker.close())
  return { broker, told, node: settings.node ?? node }
}

/** As `createBroker`, and opens it. */
export async function openBroker(t: Test, from: string | pg.Pool, settings: Partial<BrokerSettings> = {}) {
  const made = await createBroker(t, from, settings)
  await made.broker.open(made.told.receiver)
  return made
}

/** A client of the test's own. */
export async function connectClient(t: Test, postgres: Postgres): Promise<pg.Client> {
  const client = new pg.Client(postgres.url())
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** Waits until the database has come to a state. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(10)
}

/** A way to PostgreSQL that can be cut, or stand still. `change`: what becomes of each chunk that PostgreSQL sends. */
export async function startProxy(t: Test, postgres: Postgres, change?: (chunk: Buffer) => Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-proxy-'))
  const sockets = new Set<Socket>()
  const held = new Set<Socket>()
  let isStalled = false
  const server = createServer((near) => {
    const far = connect(postgres.socket)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    if (isStalled) return void held.add(near)
    if (change) near.pipe(far).on('data', (chunk: Buffer) => near.write(change(chunk)))
    else near.pipe(far).pipe(near)
  })
  server.listen(join(folder, '.s.PGSQL.5432'))
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(async () => {
    server.close()
    cut()
    await rm(folder, { recursive: true })
  })
  return {
    url: `postgres://owner@${encodeURIComponent(folder)}/postgres`,
    cut,
    /** Connections that came while it stood still. */
    held,
    /** From now on nothing passes, and nothing ends. */
    stall: () => {
      isStalled = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    /** What comes now passes. */
    pass: () => {
      isStalled = false
    },
  }
}
