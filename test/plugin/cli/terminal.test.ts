import { execFile } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { processTerminal } from '../../../plugin/cli/terminal.js'

// Beside other tests, processes and clients take their time.
t.setTimeout(120_000)

const bin = fileURLToPath(new URL('../../../plugin/cli.ts', import.meta.url))

t.test('a terminal reads and writes by its process, and aborts at a signal', async (t) => {
  const written: string[] = []
  const exits: unknown[] = []
  const output = (name: string) =>
    Object.assign(new EventEmitter(), { write: (text: string) => written.push(`${name}: ${text}`) })
  const [stdout, stderr] = [output('out'), output('err')]
  const process = Object.assign(new EventEmitter(), {
    cwd: () => '/work',
    env: { HOME: '/home' },
    exit: (code: number) => exits.push(code),
    stdout,
    stderr,
    stdin: Readable.from(['in', 'put']),
  })
  const terminal = processTerminal(process as unknown as NodeJS.Process)
  t.match(terminal, { cwd: '/work', env: { HOME: '/home' } })
  terminal.write('a')
  terminal.report('b')
  t.strictSame(written, ['out: a', 'err: b'])
  Object.assign(stdout, { isTTY: true })
  terminal.write('\u001b[2Jx\ty\u009b\n')
  t.equal(written.pop(), 'out: \\u001b[2Jx\ty\\u009b\n', 'a terminal does not obey what a server has sent')
  t.equal(await terminal.readInput(), 'input')
  t.notOk(terminal.signal.aborted)
  process.emit('SIGINT')
  t.ok(terminal.signal.aborted)
  t.equal(process.listenerCount('SIGINT'), 0, 'a second one ends the process')
  stderr.emit('error', new Error('EPIPE'))
  stdout.emit('error', new Error('EPIPE'))
  t.strictSame(exits, [0])
})

t.test('the command ends with its exit code, although the app has left a timer', async (t) => {
  const cwd = t.testdir({
    'app.mjs': `import namespaces from 'fastify-namespaces'
      export default async (fastify) => {
        setInterval(() => {}, 1000)
        await fastify.register(namespaces, { namespaces: { '/chat': {} } })
      }`,
  })
  const cli = async (...args: string[]) =>
    promisify(execFile)(process.execPath, [...process.execArgv.map(absolute), bin, ...args], { cwd })
  t.match(await cli('print', 'app.mjs'), { stdout: '/\n└── chat (mounted)\n', stderr: '' })
  t.match((await cli('--version')).stdout, /^\d+\.\d+\.\d+\n$/)
  t.match(await cli('print', 'none.mjs').catch((error) => error), { code: 2, stdout: '', stderr: /There is no file/ })
})

/** The loaders of this process are named from the root of the repository. */
function absolute(argument: string): string {
  return argument.replace(
    /^--import=(\.\/.*)/,
    (_all, path) => `--import=${new URL(`../../../${path}`, import.meta.url)}`,
  )
}
