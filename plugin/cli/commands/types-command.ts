import type { Command } from 'commander'
import { addSourceOptions, readDescription, SOURCE, type SourceOptions } from '../sources/read-source.js'
import type { Terminal } from '../terminal.js'

interface TypesOptions extends SourceOptions {
  readonly output?: string
  readonly hashes?: string
  readonly check?: true
}

const HELP = `
The file has an interface for the client:
  import { createClient } from 'fastify-namespaces/client'
  import type { Definitions } from './api.d.ts'
  const client = createClient<Definitions>('https://api.example')

Needs json-schema-to-typescript: npm install --save-dev json-schema-to-typescript

Examples:
  fastify-namespaces types app.js -o api.d.ts --hashes api-hashes.ts
  fastify-namespaces types https://api.example/namespaces -o api.d.ts --check
`

/** `types SOURCE`: a .d.ts for clients that can't import the types of the server. */
export function addTypes(program: Command, terminal: Terminal): void {
  const command = program.command('types').description('write a .d.ts for createClient()').argument('<source>', SOURCE)
  command.option('-o, --output <file>', 'write to a file instead of stdout')
  command.option(
    '--hashes <file>',
    'also write the hashes of the contracts, for `contracts` of createClient(); .ts, .js or .json',
  )
  command.option('--check', 'write nothing; exit with 1 if a file is out of date')
  addSourceOptions(command)
    .addHelpText('after', HELP)
    .action(async (source: string, { output, hashes, check, ...options }: TypesOptions) => {
      const description = await readDescription(source, options, terminal)
      const { renderTypes } = await import('../generate/render-types.js')
      const { writeText } = await import('../generate/written-file.js')
      const common = check ? { check } : {}
      if (hashes !== undefined) {
        const { renderHashes } = await import('../generate/contract-hashes.js')
        await writeText(renderHashes(description, hashes), { output: hashes, ...common }, terminal)
      }
      await writeText(await renderTypes(description), { ...(output !== undefined && { output }), ...common }, terminal)
    })
}
