import cluster, { type Worker } from 'node:cluster'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setupPrimary } from '@socket.io/cluster-adapter'
import pg from 'pg'
import { createClient } from 'redis'
import type { Test } from 'tap'
import { startRedis } from '../../bench/chaos/redis.js'
import * as own from '../../plugin/cluster.js'
import type { ConformanceBroker } from '../../plugin/conformance.js'
import { startPostgres } from './postgres.js'
import { type StallingProxy, startStallingProxy } from './stalling-proxy.js'

/*
 * The brokers of the conformance suite, and what is done to them.
 */

interface TestedBroker extends Omit<ConformanceBroker, 'isolate' | 'rejoin'> {
  /** A way of its own to the broker, for one node. */
  connect(): Promise<BrokerWay>
}

interface BrokerWay {
  /** What the program of a node is given to connect. */
  readonly name: string
  readonly proxy?: StallingProxy
}

/** What no node has written. */
const TEXTS = ['', 'x', '[]', '{}', 'null', '{"uid":"x","nsp":"/lobby","type":3}', '{"type":3,"uid":"y","data":null}']

export const BROKERS = { redis: startTestedRedis, postgres: startTestedPostgres, primary: startPrimary } as const

async function startTestedRedis(t: Test): Promise<TestedBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-conformance-'))
  const redis = await startRedis(folder)
  t.teardown(async () => {
    await redis.kill()
    await rm(folder, { recursive: true, force: true })
  })
  const openClient = () => createClient({ socket: { path: redis.path, tls: false } }).connect()
  let ways = 0
  return {
    async connect() {
      const name = join(folder, `node-${ways++}.sock`)
      return { name, proxy: await startStallingProxy(name, redis.path) }
    },
    stop: redis.kill,
    start: redis.start,
    async reset() {
      const client = await openClient()
      await client.flushAll()
      client.destroy()
    },
    async sendForeign() {
      const client = await openClient()
      for (const key of await client.keys('*')) {
        if ((await client.type(key)) !== 'stream') continue
        for (const text of TEXTS) {
          await client.xAdd(key, '*', { text })
          await client.xAdd(key, '*', { uid: 'stranger', nsp: '/lobby', type: '3', data: text })
          await client.xAdd(key, '*', { n: 'stranger', k: '1', b: text })
        }
      }
      for (const command of ['CHANNELS', 'SHARDCHANNELS']) {
        const send = command === 'CHANNELS' ? 'PUBLISH' : 'SPUBLISH'
        const channels = (await client.sendCommand(['PUBSUB', command])) as unknown as string[]
        for (const channel of channels) for (const text of TEXTS) await client.sendCommand([send, channel, text])
      }
      client.destroy()
    },
  }
}

async function startTestedPostgres(t: Test): Promise<TestedBroker> {
  const postgres = await startPostgres(t)
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-conformance-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const run = async (use: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client(postgres.url())
    await client.connect()
    await use(client)
    await client.end()
  }
  let ways = 0
  return {
    async connect() {
      const path = join(folder, `node-${ways++}`, '.s.PGSQL.5432')
      await mkdir(dirname(path))
      const name = postgres
        .url()
        .replace(encodeURIComponent(dirname(postgres.socket)), encodeURIComponent(dirname(path)))
      return { name, proxy: await startStallingProxy(path, postgres.socket) }
    },
    stop: postgres.kill,
    start: postgres.restart,
    reset: () =>
      run(async (client) => {
        const { rows } = await client.query(
          "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
        )
        await client.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`)
      }),
    sendForeign: () =>
      run(async (client) => {
        const prefix = 'fastify-namespaces'
        const logs = Array.from({ length: 8 }, (_, log) => `${prefix}_log_${log}`)
        for (const channel of [...logs, `${prefix}_all`, 'socket.io#/lobby', 'socket.io#/']) {
          for (const text of [
            ...TEXTS,
            '7',
            '1 1 stranger',
            '9999999 1 stranger',
            '3 1 stranger\n{}',
            '1:{}',
            '1#7',
            'ä'.repeat(3_999),
          ])
            await client.query('SELECT pg_notify($1, $2)', [channel, text])
        }
        const { rowCount } = await client.query('SELECT 1 FROM pg_tables WHERE tablename = $1', [`${prefix}_heads`])
        if (!rowCount) return
        // As a node appends, but with what no node says.
        for (const text of TEXTS) {
          await client.query(
            `WITH heads AS (UPDATE "${prefix}_heads" SET position = position + 1 RETURNING log, position),
              added AS (INSERT INTO "${prefix}_entries" (log, position, node, number, body)
                SELECT log, position, 'stranger', 1, $1 FROM heads RETURNING log, position)
            SELECT pg_notify('${prefix}_log_' || log, position::text) FROM added`,
            [text],
          )
        }
      }),
  }
}

let isPrimary = false

/** This process is the primary: it can't be ended. */
async function startPrimary(): Promise<TestedBroker> {
  own.setupPrimary()
  // Twice, it would pass everything on twice.
  if (!isPrimary) setupPrimary()
  isPrimary = true
  const cannot = async () => {
    throw new Error('The primary is this process')
  }
  return {
    connect: async () => ({ name: '' }),
    stop: cannot,
    start: cannot,
    reset: cannot,
    async sendForeign() {
      const node = 'stranger'
      const items: unknown[] = [
        null,
        7,
        { node },
        { node, call: 'open', prefix: 'fastify-namespaces', windowMs: 1_000 },
      ]
      for (const text of TEXTS) {
        for (let log = 0; log < 8; log++)
          items.push({ node, call: 'append', args: [log, { node, number: 1, body: text }] })
        items.push({ node, call: 'send', args: [null, text] }, { node, call: text, args: text })
      }
      const worker = Object.values(cluster.workers ?? {})[0] as Worker
      for (const message of [null, {}, { fastifyNamespaces: 7 }, { fastifyNamespaces: items }]) {
        cluster.emit('message', worker, message)
      }
    },
  }
}
