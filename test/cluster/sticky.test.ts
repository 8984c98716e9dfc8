import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { join, next, TRANSPORTS, until } from '../plugin/harness.js'
import { execArgv } from './nodes.js'

// Beside other tests, processes and clients take their time.
t.setTimeout(120_000)

/*
 * The plugin in a cluster behind @socket.io/sticky.
 */

t.test(
  "behind @socket.io/sticky every transport connects, and the application's own routes work [sticky]",
  async (t) => {
    // tap puts its own loader into NODE_OPTIONS.
    const env = { ...process.env, NODE_OPTIONS: '' }
    const primary = fork(fileURLToPath(new URL('sticky-node.ts', import.meta.url)), {
      env,
      execArgv,
    })
    t.teardown(async () => {
      const ended = once(primary, 'exit')
      primary.disconnect()
      await ended
    })
    const [port] = await once(primary, 'message')
    const url = `http://127.0.0.1:${port}`
    const pids = new Set<unknown>()
    for (const transports of [...TRANSPORTS, ...TRANSPORTS]) {
      const socket = join(t, url, '/chat', { transports: [...transports] })
      await next(socket, 'connect')
      await until(() => socket.io.engine.transport.name === transports.at(-1))
      const first = await socket.emitWithAck('whoami')
      t.strictSame(await socket.emitWithAck('whoami'), first, transports.join(' -> '))
      pids.add(first.data)
    }
    t.equal(pids.size, 2)
    for (const n of [1, 2, 3]) {
      const answer = await fetch(`${url}/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ n }),
      })
      t.strictSame(await answer.json(), { body: { n } })
    }
  },
)
