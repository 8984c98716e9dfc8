import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Manager, type ManagerOptions } from 'socket.io-client'
import t, { type Test } from 'tap'
import { bin, env, root, run, tarball, temp } from './packed.js'

/*
 * The code and configuration of docs/recipes.md work.
 */

t.setTimeout(300_000)

const page = await readFile(join(root, 'docs/recipes.md'), 'utf8')
const blocks = page.matchAll(/<!-- run by test\/package\/recipes\.test\.ts: (\S+) -->\n```\w+\n(.*?)^```$/gms)
const files = new Map([...blocks].map(([, name = '', text = '']) => [name, text]))

/** A file of the page; throws if the page has no file of this name. */
function recipe(name: string): string {
  const text = files.get(name)
  if (text === undefined) throw new Error(`docs/recipes.md has no ${name}`)
  files.delete(name)
  return text
}

const folder = join(temp, 'recipes')
await mkdir(folder)
await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
await run(folder, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball, 'fastify',
  'socket.io', 'socket.io-client', 'vite@7', 'vitest@4', 'jest@30', 'esbuild') // biome-ignore format: one call
await writeFile(join(folder, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>\n')
await writeFile(join(folder, 'main.js'), "console.log('hi')\n")

/** A program that ends with its test; resolves to the match once it has printed the text. */
async function start(t: Test, printed: RegExp, variables: Record<string, string>, program: string, ...args: string[]) {
  const child: ChildProcess = spawn('env', ['-u', 'NODE_OPTIONS', program, ...args], {
    cwd: folder,
    env: { ...env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill()
    await ended
  })
  let output = ''
  const [, found = ''] = await new Promise<RegExpExecArray>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const match = printed.exec(output)
        if (match) resolve(match)
      })
    }
    void ended.then(() => reject(new Error(`${program} has ended: ${output}`)))
  })
  return { child, ended, found, output: () => output }
}

/** The server of the page, on its own port. */
async function serve(t: Test, variables: Record<string, string> = {}) {
  await writeFile(join(folder, 'server.js'), server)
  const [program = '', ...args] = command
  const started = await start(t, /127\.0\.0\.1:(\d+)/, { HOST: '127.0.0.1', PORT: '0', ...variables }, program, ...args)
  return { ...started, port: started.found }
}

const server = recipe('server.js')
const command: string[] = JSON.parse(/^CMD (\[.*\])$/m.exec(page)?.[1] ?? '[]')

/** A page of that origin joins and receives an ack, on every transport; or its refusal. */
async function joins(t: Test, url: string, options: Partial<ManagerOptions> = {}): Promise<unknown[]> {
  const outcomes: unknown[] = []
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const extraHeaders = { origin: url, ...options.extraHeaders }
    const manager = new Manager(url, { reconnection: false, transports, ...options, extraHeaders })
    const socket = manager.socket('/chat')
    t.teardown(() => socket.disconnect())
    const refused = new Promise((resolve) => {
      socket.once('connect_error', (error) => resolve(Reflect.get(error, 'description')))
    })
    const upgraded = new Promise((resolve) => {
      if (transports.length === 1) resolve(undefined)
      else manager.once('open', () => manager.engine.once('upgrade', resolve))
    })
    outcomes.push(await Promise.race([refused, socket.emitWithAck('echo', 'hi').then((ack) => ack.data)]))
    if (outcomes.at(-1) === 'hi') await upgraded
    socket.disconnect()
  }
  return outcomes
}

const ALL = ['hi', 'hi', 'hi']

/** Over a unix socket: a test's proxy needs no free port. */
class UnixAgent extends Agent {
  readonly #path: string

  constructor(path: string) {
    super()
    this.#path = path
  }

  override createConnection() {
    return connect(this.#path)
  }
}

const over = (path: string): Partial<ManagerOptions> => ({ agent: new UnixAgent(path) as never })

t.test('the command of the Dockerfile starts the server, and SIGTERM closes it without an error', async (t) => {
  t.strictSame(command.slice(0, 1), ['node'])
  const { child, ended, port } = await serve(t)
  t.strictSame((await joins(t, `http://127.0.0.1:${port}`)).slice(0, 2), ALL.slice(0, 2))
  child.kill('SIGTERM')
  t.strictSame(await ended, [0, null])
})

t.test('Vite proxies all transports, and does not with changeOrigin', async (t) => {
  const { port } = await serve(t)
  const config = recipe('vite.config.js').replace('http://localhost:3000', `http://127.0.0.1:${port}`)
  t.match(config, port)
  await mkdir(join(folder, 'vite'))
  for (const [name, text] of [
    ['as-it-is', config],
    ['changed', config.replace('ws: true', 'ws: true, changeOrigin: true')],
  ] as const) {
    await writeFile(join(folder, `${name}.config.js`), text)
    const args = ['node_modules/.bin/vite', '--config', `${name}.config.js`, '--port', '0', '--host', '127.0.0.1']
    const { found } = await start(t, /127\.0\.0\.1:(\d+)/, { NO_COLOR: '1' }, process.execPath, ...args)
    const url = `http://127.0.0.1:${found}`
    const outcomes = await joins(t, url)
    if (name === 'changed') t.equal(outcomes[0], 403)
    else t.strictSame(outcomes, ALL)
  }
})

t.test('Vite and namespaces share one HTTP server', async (t) => {
  await writeFile(
    join(folder, 'dev.js'),
    `${recipe('dev.js')}\nconsole.log('port', app.server.address().port)\nprocess.once('SIGTERM', () => app.close())\n`,
  )
  const { child, ended, found } = await start(t, /port (\d+)/, { PORT: '0' }, process.execPath, 'dev.js')
  const url = `http://localhost:${found}`
  t.match(await (await fetch(url)).text(), '/@vite/client')
  t.match(await (await fetch(`${url}/main.js`)).text(), "console.log('hi')")
  const token = /wsToken = "([^"]+)"/.exec(await (await fetch(`${url}/@vite/client`)).text())?.[1]
  t.match(await hotReload(url, token), '"connected"')
  t.strictSame(await joins(t, url), ALL)
  child.kill('SIGTERM')
  t.strictSame(await ended, [0, null])
})

/** The first message of Vite's own channel. */
async function hotReload(url: string, token = ''): Promise<string> {
  const { default: WebSocket } = await import('ws')
  const socket = new WebSocket(`${url.replace('http', 'ws')}/?token=${token}`, 'vite-hmr')
  const [data] = await once(socket, 'message')
  socket.terminate()
  return String(data)
}

t.test('Vitest and Jest run the tests, also with fake timers', async () => {
  const test = recipe('chat.test.js')
  const jest = (text: string) => text.replace("'vitest'", "'@jest/globals'")
  for (const name of ['vitest', 'jest']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'vitest/chat.test.js'), test)
  await writeFile(join(folder, 'vitest/timers.test.js'), `${recipe('vitest-timers.js')}\n${test}`)
  await writeFile(join(folder, 'jest/chat.test.js'), jest(test))
  await writeFile(join(folder, 'jest/timers.test.js'), `${recipe('jest-timers.js')}\n${jest(test)}`)
  await run(folder, process.execPath, 'node_modules/.bin/vitest', 'run', '--dir', 'vitest')
  const args = ['--experimental-vm-modules', 'node_modules/.bin/jest', '--transform={}', '--rootDir=jest']
  await run(folder, process.execPath, ...args)
})

t.test('a server that is bundled as the page says runs', async (t) => {
  await writeFile(join(folder, 'server.js'), server)
  await writeFile(join(folder, 'build.js'), recipe('build.js'))
  await run(folder, process.execPath, 'build.js')
  await run(folder, bin('ncc'), 'build', 'server.js', '--minify', '--out', 'dist/ncc')
  for (const file of ['dist/server.js', 'dist/ncc/index.js']) {
    const variables = { HOST: '127.0.0.1', PORT: '0' }
    const { found } = await start(t, /127\.0\.0\.1:(\d+)/, variables, process.execPath, file)
    t.strictSame(await joins(t, `http://127.0.0.1:${found}`), ALL, file)
  }
})

// CI installs both: .ci/run.
const isThere = (program: string) => spawnSync(program, ['-v']).error === undefined

t.test(
  'nginx passes all transports on, also below a sub-path',
  { skip: !isThere('nginx') && !process.env.CI },
  async (t) => {
    const { port } = await serve(t, { TRUST_PROXY: '127.0.0.1' })
    const place = join(folder, 'nginx')
    await mkdir(place)
    const [site, subPath] = [recipe('nginx.conf'), recipe('sub-path.conf')]
    const socket = join(place, 'web.sock')
    const ours = site
      .replace('listen 80;', `listen unix:${socket};\n${subPath}`)
      .replace('127.0.0.1:3000', `127.0.0.1:${port}`)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${place}/${name};`,
    )
    await writeFile(
      join(place, 'nginx.conf'),
      `daemon off; pid ${place}/pid; error_log stderr notice; events {}
    http { access_log off; ${temporary.join(' ')} ${ours} }`,
    )
    await start(t, /start worker process \d+/, {}, 'nginx', '-p', place, '-c', 'nginx.conf', '-e', 'stderr')
    t.strictSame(await joins(t, 'http://shop.example', over(socket)), ALL)
    t.strictSame(await joins(t, 'http://shop.example', { ...over(socket), path: '/shop/socket.io' }), ALL)
    const foreign = { ...over(socket), extraHeaders: { origin: 'http://else.example' } }
    t.equal((await joins(t, 'http://shop.example', foreign))[0], 403, 'another origin is refused, still')
  },
)

t.test('HAProxy passes all transports on', { skip: !isThere('haproxy') && !process.env.CI }, async (t) => {
  const { port } = await serve(t, { TRUST_PROXY: '127.0.0.1' })
  const socket = join(folder, 'haproxy.sock')
  const config = recipe('haproxy.cfg')
    .replace('bind :80', `bind unix@${socket}`)
    .replace('127.0.0.1:3000', `127.0.0.1:${port}`)
  await writeFile(join(folder, 'haproxy.cfg'), config)
  await start(t, /New worker|Loading success|Server app\/one/, {}, 'haproxy', '-W', '-db', '-f', 'haproxy.cfg')
  t.strictSame(await joins(t, 'http://shop.example', over(socket)), ALL)
})

t.test('every recipe that says so was run', async (t) => t.strictSame([...files.keys()], []))
