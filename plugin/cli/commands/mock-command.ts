import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { importPeer } from '../generate/import-peer.js'
import { parseDuration } from '../live/duration.js'
import { repeatable } from '../repeatable.js'
import { addSourceOptions, readDescription, SOURCE, type SourceOptions } from '../sources/read-source.js'
import type { Terminal } from '../terminal.js'

interface MockCommandOptions extends SourceOptions {
  readonly port: string
  readonly host: string
  readonly cors: readonly string[]
  readonly emitEvery?: string
}

const EXAMPLES = `
Checks params, auth and payloads by the schemas, and answers with samples of the schemas: always the same ones. Hooks do not run.
The \`examples\` of a schema and of an emit are its samples. Ends at Ctrl+C.

Examples:
  fastify-namespaces mock manifest.json --port 4000 --cors http://localhost:5173
  fastify-namespaces mock app.js --emit-every 5s
`

/** `mock SOURCE`: a server that answers from schemas and examples. */
export function addMock(program: Command, terminal: Terminal): void {
  const command = program.command('mock').description('serve samples, for front ends before there are handlers')
  addSourceOptions(
    command
      .argument('<source>', SOURCE)
      .option('--port <port>', 'port; 0 for any that is free', '4000')
      .option('--host <host>', 'address to listen on', '127.0.0.1')
      .addOption(repeatable('--cors <origin>', 'origin whose pages may connect, or *'))
      .option('--emit-every <duration>', 'send every emit to all who have joined, again and again'),
  )
    .addHelpText('after', EXAMPLES)
    .action((source: string, options: MockCommandOptions) => mock(source, options, terminal))
}

async function mock(source: string, options: MockCommandOptions, terminal: Terminal): Promise<void> {
  const { host, cors, emitEvery } = options
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CliError('--port has to be a number, 0 to 65535', 2)
  const everyMs = emitEvery === undefined ? undefined : parseDuration(emitEvery, '--emit-every')
  const description = await readDescription(source, options, terminal)
  const sampler = await importPeer(() => import('openapi-sampler'), 'openapi-sampler', 'Samples are made by')
  const { createSample } = await import('../../samples/sampler.js')
  const { createMockServer } = await import('../mock/mock-server.js')
  const { app, gaps, emitAll } = await createMockServer(description, { sample: createSample(sampler), cors })
  for (const gap of gaps) terminal.report(`No sample fits ${gap}: add \`examples\` to its schema\n`)
  let timer: NodeJS.Timeout | undefined
  try {
    const url = await app.listen({ port, host }).catch((error: Error) => {
      throw new CliError(`The mock can not listen on ${host}:${port}: ${error.message}`, 2, error)
    })
    terminal.report(`A mock of ${description.namespaces.map(({ name }) => name).join(', ')} listens at ${url}\n`)
    if (everyMs !== undefined) timer = setInterval(emitAll, everyMs)
    await untilAborted(terminal.signal)
  } finally {
    clearInterval(timer)
    await app.close()
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}
