import { createWritable, type Readable } from '../shared/writable.js'
import { type Environment, type Environments, readEnvironments, writeEnvironments } from './environment.js'
import type { PageStorage } from './page-storage.js'

/** The variables of what the reader sends. A text has them as `{{name}}`. */
export interface Variables {
  /** The environments, and which of them is used. */
  readonly environments: Readable<Environments>
  readonly set: (environments: Environments) => void
  /**
   * Replaces the variables of a text of JSON. In a JSON string, a value is inserted as text: `"{{token}}"`. In place of a value it is
   * inserted as JSON: `{ "count": {{count}} }`. Variables without a value stay, and are
   * `missing`: unknown ones, and those whose value is empty, as that of a secret is after a reload.
   */
  readonly expand: (text: string) => { readonly text: string; readonly missing: readonly string[] }
  /** Replaces the values of secrets by their `{{name}}`, in what is kept or leaves the page. */
  readonly redact: (text: string) => string
}

const STRING_OR_VARIABLE = /"(?:[^"\\]|\\.)*"|\{\{\s*([\w.-]+)\s*\}\}/gs
const VARIABLE = /\{\{\s*([\w.-]+)\s*\}\}/g
// A shorter one would be found in words that have nothing to do with it.
const SHORTEST_REDACTED = 8

/** Creates the variables of a page, with the environments that the browser has kept. */
export function createVariables(storage: PageStorage): Variables {
  const environments = createWritable(readEnvironments(storage))
  let hidden = hiddenOf(environments.getSnapshot())

  return {
    environments,
    set(next) {
      hidden = hiddenOf(next)
      writeEnvironments(storage, next)
      environments.set(next)
    },
    expand(text) {
      const { current, all } = environments.getSnapshot()
      const values = all.find(({ name }) => name === current)
      const missing = new Set<string>()
      const replace = (found: string, name: string, write: (value: string) => string) => {
        const value = findValue(values, name)
        if (value === undefined) missing.add(name)
        return value === undefined ? found : write(value)
      }
      const expanded = text.replace(STRING_OR_VARIABLE, (found, bare?: string) =>
        bare === undefined
          ? found.replace(VARIABLE, (inner, name) => replace(inner, name, escapeJson))
          : replace(found, bare, toJson),
      )
      return { text: expanded, missing: [...missing] }
    },
    redact: (text) => hidden.reduce((rest, [value, name]) => rest.replaceAll(value, () => `{{${name}}}`), text),
  }
}

function findValue(environment: Environment | undefined, name: string): string | undefined {
  for (const values of [environment?.secrets, environment?.values])
    if (values && Object.hasOwn(values, name) && values[name] !== '') return values[name]
  return undefined
}

/** A text as it stands in a JSON string. */
function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** A text as JSON: as it is, if it is JSON. */
function toJson(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}

/** The values to hide, with their names: the longest first, because one may contain another. */
function hiddenOf({ all }: Environments): (readonly [value: string, name: string])[] {
  return all
    .flatMap(({ secrets }) => Object.entries(secrets))
    .filter(([, value]) => value.length >= SHORTEST_REDACTED)
    .flatMap(([name, value]) => [value, escapeJson(value)].map((form) => [form, name] as const))
    .sort(([one], [other]) => other.length - one.length)
}
