import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execArgv } from './nodes.js'
import { hasRedis } from './redis.js'

/*
 * A short run of `npm run chaos`: that it works, and what holds of everybody who stands beside us.
 */

t.setTimeout(180_000)

const isRedisThere = await hasRedis()
const program = fileURLToPath(new URL('../../bench/chaos/run.ts', import.meta.url))

t.test('a short chaos run', { skip: !isRedisThere && 'there is no redis-server' }, async (t) => {
  const args = ['--clients', '40', '--seconds', '12', '--every', '3', '--seed', '3', '--adapter', 'bare']
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
  t.equal(code, 0, printed)
  t.match(printed, 'bare: node killed')
  t.match(printed, /\| sent \| [1-9]/)
  t.match(printed, /\| delivered twice \| 0 \|/)
  t.match(printed, /\| never came back \| 0 \|/)
})
