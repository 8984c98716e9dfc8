import type { Command } from 'commander'
import type { Socket } from 'socket.io-client'
import { CliError } from '../cli-error.js'
import { type CallResult, callEvent, openStream } from '../live/event-calls.js'
import { parsePayload, toLine } from '../live/json-line.js'
import {
  addConnectionOptions,
  type ConnectionOptions,
  readConnection,
  type ServerConnection,
  untilJoined,
} from '../live/server-connection.js'
import type { Terminal } from '../terminal.js'

interface CallCommandOptions extends ConnectionOptions {
  readonly stream?: true
}

const EXAMPLES = `
Prints the data of the ack, or each item of a stream, as one line of JSON. An error is written to stderr as JSON, exit code 1.

Examples:
  fastify-namespaces call http://localhost:3000 /chat message:send '{ "text": "hi" }'
  fastify-namespaces call http://localhost:3000 /logs log:tail '{ "file": "app.log" }' --stream
`

/** `call URL NAMESPACE EVENT [JSON]`: calls one event. */
export function addCall(program: Command, terminal: Terminal): void {
  const command = program.command('call').description('call an event, and print what is answered')
  addConnectionOptions(
    command
      .argument('<url>', 'URL of the server')
      .argument('<namespace>', 'address of the namespace, e.g. /orgs/42')
      .argument('<event>', 'name of the event')
      .argument('[payload]', 'payload in JSON, or - to read it from stdin')
      .option('--stream', 'the event is a stream; without it, this is found out by asking'),
  )
    .addHelpText('after', EXAMPLES)
    .action(
      async (url: string, address: string, event: string, text: string | undefined, options: CallCommandOptions) => {
        const json = text === '-' ? await terminal.readInput() : text
        const payload = json === undefined ? undefined : parsePayload(json, 'The payload')
        const connection = await readConnection(url, options, terminal)
        await withSocket(connection, address, async (socket) => {
          const envelope = await ask(socket, event, payload, {
            isStream: options.stream === true,
            connection,
            terminal,
          })
          if (!envelope.ok) throw failure(envelope.error, connection)
        })
      },
    )
}

/** Joins, calls `use`, and leaves. @throws CliError with the refusal */
async function withSocket(
  connection: ServerConnection,
  address: string,
  use: (socket: Socket) => Promise<void>,
): Promise<void> {
  const manager = connection.createManager().reconnection(false)
  const socket = manager.socket(address, { auth: { ...connection.auth } })
  try {
    const refusal = await untilJoined(socket, connection.timeoutMs)
    if (refusal) throw failure(refusal, connection)
    await use(socket)
  } finally {
    socket.disconnect()
  }
}

function failure(error: object, { redact }: ServerConnection): CliError {
  return new CliError(redact(JSON.stringify(error)), 1)
}

interface Asking {
  readonly isStream: boolean
  readonly connection: ServerConnection
  readonly terminal: Terminal
}

async function ask(
  socket: Socket,
  event: string,
  payload: unknown,
  { isStream, connection, terminal }: Asking,
): Promise<CallResult> {
  const { redact, timeoutMs } = connection
  const { signal } = terminal
  if (!isStream) {
    const leave = () => void socket.disconnect()
    signal.addEventListener('abort', leave)
    const envelope = await callEvent(socket, event, payload === undefined ? [] : [payload], timeoutMs)
    signal.removeEventListener('abort', leave)
    // The handler has not run.
    const isRefusedStream = !envelope.ok && envelope.error.code === 'FST_NSP_STREAM_INVALID'
    if (!isRefusedStream) {
      if (envelope.ok) terminal.write(redact(toLine(envelope.data)))
      return envelope
    }
  }
  const onItem = (item: unknown) => terminal.write(redact(toLine(item)))
  const envelope = await openStream(socket, event, payload, { onItem, signal, timeoutMs })
  // The user has ended it.
  if (signal.aborted) return { ok: true }
  if (envelope.ok && envelope.data !== undefined) terminal.report(redact(`result: ${toLine(envelope.data)}`))
  return envelope
}
