import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { createRedact, findSecrets, isSecretName, textsIn } from '../live/credentials.js'
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
  const known = new Set(secrets)
  const write = (text: string) => terminal.write(createRedact([...known])(connection.redact(text)))
  const actor = createActor(connection, variables, terminal.signal, (value, variable) => {
    const isSecret = variable !== undefined && (scenario.secrets.includes(variable) || isSecretName(variable))
    const found = isSecret ? textsIn(value) : variable === undefined ? findSecrets(value) : []
    for (const secret of found) known.add(secret)
  })
  let failed = false
  let ended = false
  // What a step awaits ends with its connection.
  terminal.signal.addEventListener('abort', () => actor.close())
  write(tapHead(scenario))
  try {
    for (const [index, step] of scenario.steps.entries()) {
      ended ||= terminal.signal.aborted
      const outcome: Outcome | undefined = failed || ended ? undefined : await actor.perform(step)
      write(tapLine(index + 1, step, outcome, file))
      failed ||= outcome?.problem !== undefined
    }
  } finally {
    actor.close()
  }
  if (failed) throw new CliError('The scenario has failed', 1)
  if (ended) throw new CliError('The scenario was ended before its end', 1)
}
