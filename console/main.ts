import type { ServerDescription } from '../plugin/definition/contract/description.js'
import type { ConsoleConfig } from './shared/console-config.js'
import { createWritable } from './shared/writable.js'
import { startApp } from './views/app.js'
import { createWorkspace } from './workbench/create-workspace.js'

/** Fetches a file of the console, relative to the page. */
async function read<Value>(file: string): Promise<Value> {
  const response = await fetch(file)
  if (!response.ok) throw new Error(`${file} was answered with ${response.status}`)
  return response.json() as Promise<Value>
}

const [config, description] = await Promise.all([
  read<ConsoleConfig>('config.json'),
  read<ServerDescription>('description.json'),
])
const { pathname, origin } = location

function findStorage(): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined // The browser's user has denied it.
  }
}

const workspace = createWorkspace({
  config,
  externalPrefix: pathname.endsWith(config.page) ? pathname.slice(0, -config.page.length) : '',
  origin,
  description: createWritable(description),
  storageArea: findStorage(),
})
document.title = `${config.title} – namespaces`
startApp(workspace)
