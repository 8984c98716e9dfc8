import type { Command } from 'commander'
import { addSourceOptions, readDescription, SOURCE, type SourceOptions } from '../sources/read-source.js'
import type { Terminal } from '../terminal.js'

interface PrintOptions extends SourceOptions {
  readonly json?: true
}

/** `print SOURCE`: the namespaces of a server as a tree, or the manifest. */
export function addPrint(program: Command, terminal: Terminal): void {
  const command = program.command('print').description('print the namespaces as a tree, or as a manifest')
  addSourceOptions(command.argument('<source>', SOURCE).option('--json', 'print the manifest instead'))
    .addHelpText(
      'after',
      '\nExamples:\n  fastify-namespaces print app.js\n  fastify-namespaces print app.js --json > manifest.json',
    )
    .action(async (source: string, options: PrintOptions) => {
      const description = await readDescription(source, options, terminal)
      if (options.json) return terminal.write(`${JSON.stringify(description, undefined, 2)}\n`)
      const { printNamespaces } = await import('../../definition/contract/print-namespaces.js')
      const printed = description.namespaces.map((namespace) => {
        return { ...namespace, events: Object.keys(namespace.events), emits: Object.keys(namespace.emits) }
      })
      terminal.write(printNamespaces(printed))
    })
}
