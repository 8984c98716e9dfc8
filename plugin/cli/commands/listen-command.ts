import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { parseCount, parseDuration } from '../live/duration.js'
import { toLine } from '../live/json-line.js'
import { addConnectionOptions, type ConnectionOptions, readConnection, untilJoined } from '../live/server-connection.js'
import { repeatable } from '../repeatable.js'
import type { Terminal } from '../terminal.js'

interface ListenOptions extends ConnectionOptions {
  readonly event: readonly string[]
  readonly count?: string
  readonly for?: string
}

const EXAMPLES = `
Prints each emit as one line of JSON: { "event": …, "args": […], "at": … }. Joins again after a lost connection.
With --count and --for, the exit code is 1 if fewer emits have come in that time.

Examples:
  fastify-namespaces listen http://localhost:3000 /chat
  fastify-namespaces listen http://localhost:3000 /chat --event message:new --count 1 --for 5s
`

/** `listen URL NAMESPACE`: prints the emits of a namespace. */
export function addListen(program: Command, terminal: Terminal): void {
  const command = program.command('listen').description('print each emit of a namespace')
  addConnectionOptions(
    command
      .argument('<url>', 'URL of the server')
      .argument('<namespace>', 'address of the namespace, e.g. /orgs/42')
      .addOption(repeatable('-e, --event <name>', 'only this emit'))
      .option('-n, --count <number>', 'end after this many emits')
      .option('--for <duration>', 'end after this time, e.g. 30s'),
  )
    .addHelpText('after', EXAMPLES)
    .action((url: string, address: string, options: ListenOptions) => listen(url, address, options, terminal))
}

async function listen(url: string, address: string, options: ListenOptions, terminal: Terminal): Promise<void> {
  const { event: wanted, count, for: time } = options
  const most = count === undefined ? Number.POSITIVE_INFINITY : parseCount(count, '--count')
  const timeMs = time === undefined ? undefined : parseDuration(time, '--for')
  const { auth, redact, timeoutMs, createManager } = await readConnection(url, options, terminal)
  const socket = createManager().socket(address, { auth: { ...auth } })
  let received = 0
  let onLast = () => {}
  socket.onAny((event: string, ...args: unknown[]) => {
    if (received >= most || (wanted.length > 0 && !wanted.includes(event))) return
    const given = args.filter((arg) => typeof arg !== 'function')
    terminal.write(redact(toLine({ event, args: given, at: new Date().toISOString() })))
    if (++received === most) onLast()
  })
  try {
    const problem = (await untilJoined(socket, timeoutMs)) ?? (await untilEnd())
    if (problem) throw new CliError(redact(JSON.stringify(problem)), 1)
  } finally {
    socket.disconnect()
  }

  function untilEnd(): Promise<object | undefined> {
    return new Promise((resolve) => {
      const isShort = () => Number.isFinite(most) && received < most
      const lacking = () => ({ code: 'TIMEOUT', message: `${received} of ${most} emits within ${timeMs} ms` })
      const timer = timeMs === undefined ? undefined : setTimeout(() => end(isShort() ? lacking() : undefined), timeMs)
      const stop = () => end(undefined)
      terminal.signal.addEventListener('abort', stop)
      onLast = stop
      if (received === most || terminal.signal.aborted) stop()
      socket.on('disconnect', (reason) => {
        // After any other reason the client joins again.
        if (reason === 'io server disconnect') end({ code: 'DISCONNECTED', message: reason })
        else if (reason !== 'io client disconnect') terminal.report(`disconnected: ${reason}\n`)
      })

      function end(problem: object | undefined): void {
        clearTimeout(timer)
        terminal.signal.removeEventListener('abort', stop)
        resolve(problem)
      }
    })
  }
}
