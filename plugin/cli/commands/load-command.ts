import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { createRedact } from '../live/credentials.js'
import { parseCount, parseDuration } from '../live/duration.js'
import { addConnectionOptions, type ConnectionOptions, readConnection } from '../live/server-connection.js'
import { repeatable } from '../repeatable.js'
import { readScenario } from '../scenario/read-scenario.js'
import type { Terminal } from '../terminal.js'

interface LoadCommandOptions extends ConnectionOptions {
  readonly scenario: string
  readonly var: readonly string[]
  readonly clients: string
  readonly rate: string
  readonly ramp?: string
  readonly duration: string
  readonly json?: true
  readonly html?: string
}

const EXAMPLES = `
Each client performs the scenario --rate times a second. A join whose client is still connected is done once. {{number}} is the
number of the client. The clients begin one after another, 50 a second unless --ramp says otherwise.

Examples:
  fastify-namespaces load http://localhost:3000 --scenario chat.yaml --clients 200 --duration 60s --html load.html
`

/** Joins a second, unless the user gives a ramp. */
const JOINS_PER_SECOND = 50
const SHORTEST_RAMP_MS = 1000

/** `load URL --scenario FILE`: performs a scenario with many clients, and measures. */
export function addLoad(program: Command, terminal: Terminal): void {
  const command = program.command('load').description('perform a scenario with many clients, and measure')
  addConnectionOptions(
    command
      .argument('<url>', 'URL of the server')
      .requiredOption('--scenario <file>', 'scenario file, in YAML')
      .addOption(repeatable('--var <name=value>', 'variable of the scenario'))
      .option('--clients <number>', 'number of clients', '10')
      .option('--rate <number>', 'iterations a second of each client', '1')
      .option('--ramp <duration>', 'time over which the clients begin')
      .option('--duration <duration>', 'time of the whole run', '10s')
      .option('--json', 'write the figures as JSON')
      .option('--html <file>', 'write a page with plots'),
  )
    .addHelpText('after', EXAMPLES)
    .action((url: string, options: LoadCommandOptions) => load(url, options, terminal))
}

async function load(target: string, options: LoadCommandOptions, terminal: Terminal): Promise<void> {
  const clients = parseCount(options.clients, '--clients')
  const durationMs = parseDuration(options.duration, '--duration')
  const rate = Number(options.rate)
  if (!(rate > 0 && rate <= 1000)) throw new CliError('--rate has to be a number above 0, at most 1000', 2)
  const rampMs =
    options.ramp === undefined
      ? Math.max(SHORTEST_RAMP_MS, (clients / JOINS_PER_SECOND) * 1000)
      : parseDuration(options.ramp, '--ramp')
  const { scenario, variables, secrets } = await readScenario(options.scenario, ['number=0', ...options.var], terminal)
  const connection = await readConnection(target, options, terminal)
  const redactOwn = createRedact(secrets)
  const redact = (text: string) => redactOwn(connection.redact(text))
  const { runLoad } = await import('../load/load-run.js')
  const { renderHtml, renderMoment, renderText } = await import('../load/load-report.js')
  const { signal } = terminal
  const onMoment = (moment: Parameters<typeof renderMoment>[0]) => terminal.report(renderMoment(moment))
  const measured = await runLoad({
    scenario,
    variables,
    connection,
    clients,
    rate,
    rampMs,
    durationMs,
    signal,
    onMoment,
  })

  const { origin, pathname } = new URL(target)
  // Before the page escapes texts: a secret has another form there. Figures are no secrets.
  const setting = { scenario: redact(scenario.name), url: redact(origin + pathname), clients, rate, rampMs }
  const figures = { ...measured, errors: mapKeys(measured.errors, redact) }
  terminal.write(options.json ? `${JSON.stringify({ ...setting, ...figures })}\n` : renderText(setting, figures))
  if (options.html !== undefined) await writeFile(resolve(terminal.cwd, options.html), renderHtml(setting, figures))
  const succeeded = figures.joins.count - figures.joins.failed
  if (succeeded === 0) throw new CliError(`No client could join: ${JSON.stringify(figures.errors)}`, 1)
}

/** Changes the keys; the counts of keys that become one are added. */
function mapKeys(counts: Readonly<Record<string, number>>, change: (key: string) => string): Record<string, number> {
  const changed = new Map<string, number>()
  for (const [key, count] of Object.entries(counts)) {
    const to = change(key)
    changed.set(to, (changed.get(to) ?? 0) + count)
  }
  return Object.fromEntries(changed)
}
