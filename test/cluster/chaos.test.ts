import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execArgv } from './nodes.js'
import { hasPostgres } from './postgres.js'
import { hasRedis } from './redis.js'

/*
 * A short run of `npm run chaos`: that it works, and what holds of everybody who stands beside us.
 */

t.setTimeout(300_000)

const isRedisThere = await hasRedis()
const isPostgresThere = await hasPostgres()
const program = fileURLToPath(new URL('../../bench/chaos/run.ts', import.meta.url))

// Both wait most of the time.
t.jobs = 2

/** Runs it, and resolves with what it has printed, and with its exit code. */
async function runChaos(args: readonly string[]): Promise<{ printed: string; code: unknown }> {
  // tap puts its own loader into NODE_OPTIONS.
  const env = { ...process.env, NODE_OPTIONS: '' }
  const run = spawn(process.execPath, [...execArgv, program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [run.stdout, run.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text
    })
  }
  const [code] = await once(run, 'close')
  return { printed, code }
}

t.test('a short chaos run', { skip: !isRedisThere && 'there is no redis-server' }, async (t) => {
  const args = ['--clients', '40', '--seconds', '12', '--every', '3', '--seed', '3', '--adapter', 'bare']
  const { printed, code } = await runChaos(args)
  t.equal(code, 0, printed)
  t.match(printed, 'bare: node killed')
  t.match(printed, /\| sent \| [1-9]/)
  t.match(printed, /\| delivered twice \| 0 \|/)
  t.match(printed, /\| never came back \| 0 \|/)
})

t.test(
  'orders, each in one transaction with its ack',
  { skip: !isPostgresThere && 'there is no PostgreSQL' },
  async (t) => {
    const faults = ['--faults', 'node killed,broker killed']
    const args = ['--clients', '20', '--seconds', '12', '--every', '3', ...faults, '--adapter', 'postgres']
    const { printed } = await runChaos([...args, '--orders', 'transaction'])
    t.match(printed, 'postgres: broker killed')
    const [, placed] = /\| placed \| ([1-9]\d*) \|/.exec(printed) ?? []
    t.match(printed, `| accepted | ${placed} |`)
    t.match(printed, '| **accepted, and not written** | **0** |')
    t.match(printed, '| accepted with a reply that is not written | 0 |')
    t.match(printed, '| written twice | 0 |')
    t.match(printed, '| written before an earlier one of its client | 0 |')
    t.match(printed, '| written without an ack, or an ack without it | 0 |')
  },
)
