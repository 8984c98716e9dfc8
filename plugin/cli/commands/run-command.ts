import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { createRedact } from '../live/credentials.js'
import { addConnectionOptions, type ConnectionOptions, readConnection } from '../live/server-connection.js'
import { repeatable } from '../repeatable.js'
import { createActor, type Outcome } from '../scenario/actor.js'
import { readScenario } from '../scenario/read-scenario.js'
import { tapHead, tapLine } from '../scenario/tap-report.js'
import { expand } from '../scenario/variables.js'
import type { Terminal } from '../terminal.js'

interface RunOptions extends ConnectionOptions {
  readonly url?: string
  readonly var: readonly string[]
}

const EXAMPLES = `
Writes TAP, version 14. A step that fails ends the scenario: exit code 1. Secrets are not written.

Examples:
  fastify-namespaces run chat.yaml --url http://localhost:3000 --var name=Ada
  TOKEN=… fastify-namespaces run chat.yaml | npx tap-min
`

/** `run scenario.yaml`: performs a scenario. */
export function addRun(program: Command, terminal: Terminal): void {
  const command = program.command('run').description('perform a scenario, and write TAP')
  addConnectionOptions(
    command
      .argument('<scenario>', 'scenario file, in YAML')
      .option('--url <url>', 'URL of the server; default: `url` of the scenario')
      .addOption(repeatable('--var <name=value>', 'variable of the scenario')),
  )
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: RunOptions) => run(file, options, terminal))
}

async function run(file: string, options: RunOptions, terminal: Terminal): Promise<void> {
  const { scenario, variables, secrets } = await readScenario(file, options.var, terminal)
  const url = options.url ?? expand(scenario.url, variables)
  if (typeof url !== 'string') throw new CliError(`${file} has no \`url\`: give one by --url`, 2)
  const connection = await readConnection(url, options, terminal)
  const redactOwn = createRedact(secrets)
  const write = (text: string) => terminal.write(redactOwn(connection.redact(text)))
  const actor = createActor(connection, variables, terminal.signal)
  let failed = false
  write(tapHead(scenario))
  try {
    for (const [index, step] of scenario.steps.entries()) {
      const outcome: Outcome | undefined = failed || terminal.signal.aborted ? undefined : await actor.perform(step)
      write(tapLine(index + 1, step, outcome, file))
      failed ||= outcome?.problem !== undefined
    }
  } finally {
    actor.close()
  }
  if (failed) throw new CliError('The scenario has failed', 1)
}
