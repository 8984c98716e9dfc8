import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { OutputOptions } from '../generate/written-file.js'
import { fetchText, isUrl, parseHeaders, urlOf } from '../sources/fetch-text.js'
import { addSourceOptions, parseJson, readDescription, SOURCE, type SourceOptions } from '../sources/read-source.js'
import type { Terminal } from '../terminal.js'

interface AsyncapiOptions extends SourceOptions, OutputOptions {
  readonly yaml?: true
}

const HELP = `
Of an app it is the document of its option \`document\`, and of a URL the one that the server gives. Of a manifest it has the
defaults of that option.

Example:
  fastify-namespaces asyncapi app.js --yaml -o asyncapi.yaml
`

/** `asyncapi SOURCE`: the AsyncAPI document. */
export function addAsyncapi(program: Command, terminal: Terminal): void {
  const command = program.command('asyncapi').description('write the AsyncAPI document').argument('<source>', SOURCE)
  command.option('-o, --output <file>', 'write to a file instead of stdout')
  command.option('--yaml', 'write YAML instead of JSON')
  command.option('--check', 'write nothing; exit with 1 if the file is out of date')
  addSourceOptions(command)
    .addHelpText('after', HELP)
    .action(async (source: string, options: AsyncapiOptions) => {
      const { writeText } = await import('../generate/written-file.js')
      await writeText(await renderAsyncapi(source, options, terminal), options, terminal)
    })
}

async function renderAsyncapi(source: string, options: AsyncapiOptions, terminal: Terminal): Promise<string> {
  const { yaml, header = [] } = options
  const file = yaml ? 'asyncapi.yaml' : 'asyncapi.json'
  const url = isUrl(source) ? urlOf(source, file) : undefined
  if (url?.pathname.endsWith(`/${file}`)) {
    const text = await fetchText(url, parseHeaders(header), terminal.signal)
    return yaml ? text : indent(parseJson(text, `${url.origin}${url.pathname}`))
  }
  if (!url && source !== '-' && !source.endsWith('.json')) {
    const { withApp } = await import('../sources/app-file.js')
    const path = resolve(terminal.cwd, source)
    return withApp(path, (app) => (yaml ? app.asyncapi({ yaml }) : indent(app.asyncapi())))
  }
  const description = await readDescription(source, options, terminal)
  const { createDocument } = await import('../../document/create-document.js')
  const document = createDocument(
    () => description,
    () => true,
  )
  return yaml ? document.yaml : indent(document.asyncapi)
}

function indent(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
