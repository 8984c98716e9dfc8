import type { ServerDescription } from '../plugin/definition/contract/description.js'
import type { ConsoleConfig } from './shared/console-config.js'
import { externalPrefixOf } from './shared/external-prefix.js'
import { createWritable } from './shared/writable.js'
import { startApp } from './views/app.js'
import { createWorkspace } from './workbench/create-workspace.js'
import { watchDescription } from './workbench/description-watch.js'

/** Fetches a file of the console, relative to the page. */
async function read<Value>(file: string): Promise<Value> {
  const response = await fetch(file)
  if (!response.ok) throw new Error(`${file} was answered with ${response.status}`)
  return response.json() as Promise<Value>
}

/** Says on the page why nothing else is there. */
function explain(error: unknown): never {
  const alert = document.createElement('p')
  alert.role = 'alert'
  alert.textContent = `The console can't start: ${(error as Error).message}`
  document.body.append(alert)
  throw error
}

const fetchDescription = () => read<ServerDescription>('description.json')
const [config, described] = await Promise.all([read<ConsoleConfig>('config.json'), fetchDescription()]).catch(explain)
const description = createWritable(described)
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
  externalPrefix: externalPrefixOf(pathname, config.page),
  origin,
  description,
  storageArea: findStorage(),
})
document.title = `${config.title} – namespaces`
startApp(workspace)
watchDescription({
  description,
  sessions: workspace.sessions,
  fetchDescription,
  isLive: config.isLive,
  isVisible: () => document.visibilityState === 'visible',
})
