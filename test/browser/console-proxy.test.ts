import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { chat } from '../../examples/chat.js'
import { openConsole, serveConsole } from './console-harness.js'

t.setTimeout(300_000)

/** A port that was free a moment ago: nginx does not tell which one it has got. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs nginx with a place that takes its prefix away, as in docs/console.md, until the test ends; returns its port. */
async function strip(t: Test, prefix: string, to: number): Promise<number> {
  const place = await mkdtemp(join(tmpdir(), 'fastify-namespaces-nginx-'))
  const port = await freePort()
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(place, 'nginx.conf'),
    `daemon off; pid ${place}/pid; error_log stderr notice; events {}
    http {
      access_log off; ${kinds.map((kind) => `${kind}_temp_path ${place}/${kind};`).join(' ')}
      map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
      server {
        listen 127.0.0.1:${port};
        location ${prefix}/ {
          proxy_pass http://127.0.0.1:${to}/;
          proxy_http_version 1.1;
          proxy_set_header Host $http_host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
        }
      }
    }`,
  )
  const child = spawn('env', ['-u', 'NODE_OPTIONS', 'nginx', '-p', place, '-c', 'nginx.conf', '-e', 'stderr'])
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill()
    await ended
    await rm(place, { recursive: true, force: true })
  })
  let output = ''
  child.stderr.setEncoding('utf8')
  for await (const text of child.stderr) {
    output += text
    if (/start worker process \d+/.test(output)) return port
  }
  throw new Error(output)
}

const isThere = spawnSync('nginx', ['-v']).error === undefined

t.test(
  'behind a proxy that takes a prefix away the page loads all its files and joins over a WebSocket',
  { skip: !isThere && !process.env.CI },
  async (t) => {
    const server = await serveConsole(t, { namespaces: { '/chat': chat } })
    const port = await strip(t, '/tools', server.port)
    // Without the slash at the end: the redirect keeps the prefix.
    const { page, complaints, websockets } = await openConsole(t, `http://127.0.0.1:${port}/tools/namespaces`)
    t.equal(page.url(), `http://127.0.0.1:${port}/tools/namespaces/`)
    await page.getByRole('navigation', { name: 'Namespaces' }).getByText('message:send', { exact: true }).click()
    await page.getByRole('button', { name: 'Send', exact: true }).first().click()
    const [websocket] = websockets.length > 0 ? websockets : [await page.waitForEvent('websocket')]
    t.match(websocket?.url(), `ws://127.0.0.1:${port}/tools/socket.io/`)
    t.strictSame(complaints, [])
  },
)
