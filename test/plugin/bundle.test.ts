import { spawn } from 'node:child_process'
import { join as joinPath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import t from 'tap'
import { heard, join, next } from './harness.js'

/*
 * A minified bundle, whose functions have lost their names.
 */

t.test(
  'a minified bundle strips undeclared properties, over polling and WebSocket, with the fast path and without',
  async (t) => {
    const outfile = joinPath(t.testdir(), 'server.mjs')
    await build({
      entryPoints: [fileURLToPath(new URL('./fixtures/bundled.ts', import.meta.url))],
      outfile,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      // The CommonJS code in it requires Node's own modules.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    })
    // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
    const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, outfile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = heard(child, 'exit')
    t.teardown(async () => {
      child.kill()
      await exit
    })
    const [output] = await Promise.race([heard(child.stdout, 'data'), exit.then(() => ['"it has ended"'])])
    const urls: string[] = JSON.parse(String(output))
    t.equal(urls.length, 2)
    for (const url of urls) {
      for (const transport of ['polling', 'websocket']) {
        const socket = join(t, url, '/users', { transports: [transport] })
        const sent = { id: 7, name: 'Ada' }
        t.strictSame(await socket.emitWithAck('get'), { ok: true, data: sent }, `${url} ${transport}`)
        const failed = await socket.emitWithAck('fail')
        t.match(failed, { error: { code: 'NO' } })
        t.strictSame(failed.error.details, sent)
        const [told] = await Promise.all([next(socket, 'said'), socket.emitWithAck('tell')])
        t.strictSame(told, [sent])
        const [refused] = (await next(join(t, url, '/closed', { transports: [transport] }), 'connect_error')) as [Error]
        t.match(refused, { message: 'Not you', data: { code: 'NOT_YOU', statusCode: 403 } })
      }
    }
  },
)
