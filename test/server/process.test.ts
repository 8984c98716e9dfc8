import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { io } from 'socket.io-client'
import t, { type Test } from 'tap'
import { until } from '../plugin/harness.js'

/*
 * `server.ts` as a process: what it prints, its environment variables, its signals and its exit codes.
 */

// Each run starts a process and compiles TypeScript.
t.setTimeout(300_000)

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Run {
  readonly child: ChildProcess
  /** Resolves to the match when the standard output has it. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>
  /** Resolves when the process has ended and its output is read. */
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

const SERVER = [process.execPath, '--import', 'tsx', 'server.ts']

/** Starts the server with these environment variables. It is killed when the test ends. */
function run(t: Test, variables: Record<string, string>, [program = '', ...args] = SERVER): Run {
  const { PATH = '' } = process.env
  const child = spawn(program, args, { cwd: root, env: { PATH, ...variables } })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...written }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const printed = (pattern: RegExp) => {
    return new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = written.stdout.match(pattern)
        if (match) resolve(match)
      }
      child.stdout.on('data', look)
      child.once('close', () => reject(new Error(`ended before it printed ${pattern}: ${written.stderr}`)))
      look()
    })
  }
  return { child, printed, ended }
}

/** The processes that a process has started, by Linux. */
async function childrenOf(pid: number): Promise<number[]> {
  const ids = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return ids.split(' ').filter(Boolean).map(Number)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(
    `the server prints its address and its namespaces, and ${signal} ends it with 0 while clients are connected`,
    async (t) => {
      const server = run(t, { PORT: '0' })
      const [, port] = await server.printed(/^listening on localhost:(\d+)$/m)
      await server.printed(new RegExp(`^console: http://localhost:${port}/namespaces/$`, 'm'))
      await server.printed(/└── my-namespace \(emits hi\)/)

      const clients = [['polling'], ['websocket']].map((transports) =>
        io(`http://localhost:${port}/my-namespace`, { transports, forceNew: true, reconnection: false }),
      )
      t.teardown(() => clients.map((client) => client.close()))
      await Promise.all(clients.map((client) => once(client as never, 'hi')))
      const disconnected = Promise.all(clients.map((client) => once(client as never, 'disconnect')))

      server.child.kill(signal)
      const { code, stderr } = await server.ended
      t.equal(code, 0)
      t.equal(stderr, '')
      await disconnected
    },
  )
}

t.test(
  'with WORKERS=2 every transport connects, a worker that dies is started again, and SIGTERM ends all',
  async (t) => {
    const server = run(t, { PORT: '0', WORKERS: '2', LOG_LEVEL: 'silent' })
    const [, port] = await server.printed(/^listening on localhost:(\d+)$/m)
    await server.printed(/└── my-namespace \(emits hi\)/)
    const url = `http://localhost:${port}/my-namespace`
    const clients = [['polling'], ['websocket'], ['polling', 'websocket'], ['polling']].map((transports) =>
      io(url, { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200 }),
    )
    t.teardown(() => clients.map((client) => client.close()))
    await Promise.all(clients.map((client) => once(client as never, 'hi')))

    // Each worker has some of them: with the first, all of its own connect again.
    const pids = await childrenOf(server.child.pid as number)
    t.equal(pids.length, 2)
    const lost = clients.map((client) => once(client as never, 'disconnect'))
    process.kill(pids[0] as number, 'SIGKILL')
    await Promise.race(lost)
    await until(() => clients.every(({ connected }) => connected))
    for (;;) {
      const now = await childrenOf(server.child.pid as number)
      if (now.length === 2 && !now.includes(pids[0] as number)) break
      await wait(50)
    }

    server.child.kill('SIGTERM')
    const { code, stderr } = await server.ended
    t.equal(code, 0)
    t.match(stderr, /^worker \d+ has ended with SIGKILL; it is started again in 1000 ms\n$/)
  },
)

t.test('with WORKERS=2 a boot that fails is reported, and all processes end with 1', async (t) => {
  const server = run(t, { PORT: '0', WORKERS: '2', LOG_LEVEL: 'silent', REDIS_URL: 'redis://user:secret@127.0.0.1:1' })
  const { code, stdout, stderr } = await server.ended
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(
    stderr,
    /^a worker has ended before it was ready, with 1: .*adapter\.type redis can not be used \(connect ECONNREFUSED 127\.0\.0\.1:1\).*\n$/,
    'in one line, not one of each worker',
  )
  t.notMatch(stderr, /secret/)
})

t.test('npm start leaves no server behind when its process is ended', async (t) => {
  const server = run(t, { PORT: '0', LOG_LEVEL: 'silent' }, ['npm', 'start'])
  await server.printed(/^listening on localhost:\d+$/m)
  server.child.kill('SIGTERM')
  // The server has inherited this output, so the end of the output is the end of the server.
  t.match(await server.ended, { code: 0, stderr: '' })
})

t.test('without a terminal the logs are lines of JSON', async (t) => {
  const server = run(t, { PORT: '0', HOST: '127.0.0.1' })
  await server.printed(/^listening on 127\.0\.0\.1:\d+$/m)
  const [line] = await server.printed(/^\{.*\}$/m)
  t.match(JSON.parse(line), { level: 30, msg: String })
})

t.test('with LOG_LEVEL=silent only the address and the namespaces are printed', async (t) => {
  const server = run(t, { PORT: '0', LOG_LEVEL: 'silent' })
  await server.printed(/my-namespace/)
  server.child.kill('SIGTERM')
  const { stdout } = await server.ended
  t.notMatch(stdout, /^\{/m)
})

t.test(
  'a wrong environment variable is reported in one line with its valid values, and the exit code is 1',
  async (t) => {
    const cases: [variables: Record<string, string>, line: string][] = [
      [{ PORT: 'abc' }, 'PORT must be a whole number from 0 to 65535: got "abc"'],
      [{ PORT: '65536' }, 'PORT must be a whole number from 0 to 65535: got "65536"'],
      [{ WORKERS: '0' }, 'WORKERS must be a whole number from 1 to 256: got "0"'],
      [{ REDIS_URL: 'secret@host' }, 'REDIS_URL must be a URL as redis://user:password@host (it is not shown)'],
      [
        { REDIS_URL: 'redis://host', DATABASE_URL: 'postgres://host/x', WORKERS: '2' },
        'Give one of REDIS_URL and DATABASE_URL',
      ],
      [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent: got "loud"'],
      [
        { HOST: '', CORS_ORIGIN: 'app.example' },
        'HOST must be a host name or an address: got ""; CORS_ORIGIN must be origins separated by commas, as https://app.example: got "app.example"',
      ],
    ]
    const runs = cases.map(async ([variables, line]) => ({ line, ...(await run(t, variables).ended) }))
    for (const { line, code, stdout, stderr } of await Promise.all(runs)) {
      t.equal(stderr, `${line}\n`)
      t.equal(code, 1)
      t.equal(stdout, '')
    }
  },
)

t.test('a port in use is reported in one line that says how to choose another, and the exit code is 1', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { code, stderr } = await run(t, { HOST: '127.0.0.1', PORT: String(port) }).ended
  t.equal(stderr, `Port ${port} is taken. Choose another: PORT=${port + 1} npm start\n`)
  t.equal(code, 1)
})

t.test('an unknown host is reported in one line, and the exit code is 1', async (t) => {
  const { code, stderr } = await run(t, { HOST: 'nobody.invalid' }).ended
  t.match(stderr, /^HOST nobody\.invalid is no address of this machine\..*\n$/)
  t.equal(code, 1)
})
