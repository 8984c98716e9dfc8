import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import type { ContractChange } from '../diff/compare-contracts.js'
import { addSourceOptions, readDescription, SOURCE, type SourceOptions } from '../sources/read-source.js'
import type { Terminal } from '../terminal.js'

interface DiffOptions extends SourceOptions {
  readonly json?: true
  readonly strict?: true
}

const HELP = `
A change is breaking if a client that was built with the old contract can send what the server now refuses, or receive what
the client does not expect. What can't be decided counts as breaking.

Exit codes: 0 nothing breaks, 1 something breaks, 2 a source can't be read

Example, in CI:
  fastify-namespaces diff https://api.example/docs app.js
`

/** `diff OLD NEW`: what a change of the contracts breaks, and for whom. */
export function addDiff(program: Command, terminal: Terminal): void {
  const command = program
    .command('diff')
    .description('compare two contracts; exits with 1 if the new one breaks clients')
  command.argument('<old>', SOURCE).argument('<new>', 'the same')
  command.option('--json', 'print the changes as JSON')
  command.option('--strict', 'clients may also send properties that their contract does not declare')
  addSourceOptions(command)
    .addHelpText('after', HELP)
    .action(async (old: string, fresh: string, options: DiffOptions) => {
      const before = await readDescription(old, options, terminal)
      const after = await readDescription(fresh, options, terminal)
      const { compareContracts } = await import('../diff/compare-contracts.js')
      const changes = compareContracts(before, after, { isStrict: options.strict === true })
      terminal.write(options.json ? `${JSON.stringify(changes, undefined, 2)}\n` : render(changes))
      const { length } = changes.filter(({ effect }) => effect === 'breaking')
      if (length > 0) throw new CliError(`${length} breaking ${length === 1 ? 'change' : 'changes'}`, 1)
    })
}

const HEADINGS = { breaking: 'Breaking', compatible: 'Not breaking', unknown: 'Not compared' }

function render(changes: readonly ContractChange[]): string {
  if (changes.length === 0) return 'No changes\n'
  const sections = Object.entries(HEADINGS).flatMap(([effect, heading]) => {
    const lines = changes.filter((change) => change.effect === effect).map(renderChange)
    return lines.length > 0 ? [`${heading}:\n${lines.join('')}`] : []
  })
  return sections.join('\n')
}

function renderChange({ namespace, event, emit, text }: ContractChange): string {
  const subject = [namespace, event ?? emit].filter((part) => part !== undefined).join(' ')
  return `  ${subject}: ${text}\n`
}
