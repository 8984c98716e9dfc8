import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ServerDescription } from '../../definition/contract/description.js'
import { isPlainObject } from '../../schema/schema-ref.js'
import { CliError } from '../cli-error.js'
import { repeatable } from '../repeatable.js'
import type { Terminal } from '../terminal.js'
import { fetchText, isUrl, parseHeaders, urlOf } from './fetch-text.js'

/*
 * The sources of a description: an app file, a manifest in a file or on stdin, or the URL of a server.
 */

/** The options of `addSourceOptions`. */
export interface SourceOptions {
  readonly header?: readonly string[]
}

/** What `<source>` is, for the help of a command. */
export const SOURCE = 'app file, manifest file (.json), URL of the documents of a server, or - for a manifest on stdin'

/** Adds the options that `readDescription` takes. */
export function addSourceOptions(command: Command): Command {
  return command.addOption(repeatable('-H, --header <header>', 'header of requests to a URL, as "name: value"'))
}

/** @throws CliError if the source can't be read, or is no description */
export async function readDescription(
  source: string,
  { header = [] }: SourceOptions,
  terminal: Terminal,
): Promise<ServerDescription> {
  if (source === '-') return parseManifest(await terminal.readInput(), 'stdin')
  if (isUrl(source)) {
    const url = urlOf(source, 'manifest.json')
    return parseManifest(await fetchText(url, parseHeaders(header), terminal.signal), `${url.origin}${url.pathname}`)
  }
  const path = resolve(terminal.cwd, source)
  if (path.endsWith('.json')) return parseManifest(await readText(path), path)
  const { withApp } = await import('./app-file.js')
  return withApp(path, (app) => app.describeNamespaces())
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${path} can not be read: ${error.code}`, 2, error)
  })
}

function parseManifest(text: string, where: string): ServerDescription {
  const manifest = parseJson(text, where)
  const { version, namespaces } = Object(manifest)
  if (version === 1 && Array.isArray(namespaces) && namespaces.every(isNamespace)) return manifest as ServerDescription
  const hint = 'A manifest is what `print SOURCE --json` writes, and GET manifest.json of the option `document`'
  throw new CliError(`${where} is no manifest of fastify-namespaces, version 1. ${hint}`, 2)
}

/** What every command relies on. */
function isNamespace(value: unknown): boolean {
  const { name, events, emits, schemas } = Object(value)
  if (typeof name !== 'string' || !isPlainObject(emits) || !isPlainObject(schemas) || !isPlainObject(events))
    return false
  const entries = [...Object.values(events), ...Object.values(emits)]
  return entries.every(isPlainObject) && Object.values(events).every((event) => isPlainObject(Object(event).errors))
}

/** @throws CliError */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CliError(`${where} is no JSON`, 2, error)
  }
}
