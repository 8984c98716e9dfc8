import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError } from '../cli-error.js'
import { findSecrets, textsIn } from '../live/credentials.js'
import type { Terminal } from '../terminal.js'
import { parseScenario } from './parse-scenario.js'
import type { Scenario } from './scenario.js'
import { expand, namesIn, type Variables } from './variables.js'

/*
 * Reads a scenario file, with the variables of the command line and of the environment.
 */

interface ReadScenario {
  readonly scenario: Scenario
  readonly variables: Variables
  /** Values that are never written. */
  readonly secrets: readonly string[]
}

/** @throws CliError */
export async function readScenario(file: string, vars: readonly string[], terminal: Terminal): Promise<ReadScenario> {
  const given = new Map(vars.map(parseVariable))
  const text = await readFile(resolve(terminal.cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${file} can not be read: ${error.code}`, 2, error)
  })
  const scenario = await parseScenario(text, { file, given: [...given.keys()], env: terminal.env })
  const { variables: declared, secrets, steps } = scenario
  const fromEnv = [...new Set([scenario.url, declared, steps].flatMap(namesIn))].filter((name) =>
    name.startsWith('env.'),
  )
  const environment = new Map(fromEnv.map((name) => [name, terminal.env[name.slice('env.'.length)]]))
  const outer = new Map<string, unknown>([...environment, ...given])
  const values = Object.entries(declared).map(([name, value]): [string, unknown] => [name, expand(value, outer)])
  const variables = new Map<string, unknown>([...values, ...outer])
  const listed = [...secrets, ...fromEnv].flatMap((name) => textsIn(variables.get(name)))
  // What is saved later is not known yet.
  const auths = steps.map((step) => expand('auth' in step ? step.auth : undefined, variables))
  return {
    scenario,
    variables,
    secrets: [...listed, ...findSecrets(Object.fromEntries(variables)), ...findSecrets(auths)],
  }
}

function parseVariable(text: string, index: number): [string, unknown] {
  const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new CliError(`--var ${index + 1} has to be name=value`, 2)
  return [name, value]
}
