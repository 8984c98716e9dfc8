import type { Document, LineCounter } from 'yaml'
import { isPlainObject, type Keywords } from '../../schema/schema-ref.js'
import { suggest } from '../../shared/wording.js'
import { CliError } from '../cli-error.js'
import type { Scenario, ScenarioStep } from './scenario.js'
import { namesIn } from './variables.js'

/*
 * Parses a scenario file, and refuses it with the line of the mistake.
 */

type KeyTypes = Readonly<Record<string, 'any' | 'array' | 'number' | 'object' | 'string'>>

const COMMON: KeyTypes = { title: 'string', client: 'string' }
const ANSWERED: KeyTypes = { ...COMMON, payload: 'any', expect: 'any', save: 'object', timeout: 'string' }
const STEPS: Readonly<Record<string, KeyTypes>> = {
  join: { ...COMMON, join: 'string', auth: 'object', refused: 'any' },
  call: { ...ANSWERED, call: 'string' },
  send: { ...COMMON, send: 'string', payload: 'any' },
  'expect-emit': { ...COMMON, 'expect-emit': 'string', payload: 'any', save: 'object', timeout: 'string' },
  stream: { ...ANSWERED, stream: 'string', count: 'number' },
  leave: { ...COMMON, leave: 'any' },
}
const TOP: KeyTypes = { name: 'string', url: 'string', variables: 'object', secrets: 'array', steps: 'array' }

interface ParseOptions {
  /** The file, for messages. */
  readonly file: string
  /** Variables that the user has given. */
  readonly given: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** @throws CliError with file, line and what to do */
export async function parseScenario(text: string, { file, given, env }: ParseOptions): Promise<Scenario> {
  const { LineCounter, parseDocument } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error)
    throw new CliError(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split(/ at line|:\n/)[0]}`, 2)
  const lineOf = createLineOf(document, lines)
  const refuse = (path: readonly (string | number)[], problem: string): never => {
    throw new CliError(`${file}:${lineOf(path)}: ${problem}`, 2)
  }

  const top = checkKeys(document.toJS(), TOP, [], 'A scenario')
  const { name, url, variables = {}, secrets = [], steps } = top as Partial<Scenario> & Keywords
  if (!Array.isArray(steps) || steps.length === 0)
    return refuse([], 'A scenario needs `steps`: a list with at least one')
  const known = new Set([...given, ...Object.keys(variables)])
  for (const [key, value] of Object.entries(variables)) {
    if (value === null && !given.includes(key)) refuse(['variables', key], `Give the variable: --var ${key}=…`)
  }
  const checked = steps.map((step, index) => checkStep(step, index))
  return { file, name: name ?? file, url, variables, secrets, steps: checked }

  function checkKeys(value: unknown, keys: KeyTypes, path: readonly (string | number)[], what: string): Keywords {
    if (!isPlainObject(value)) return refuse(path, `${what} has to be an object`)
    for (const [key, item] of Object.entries(value)) {
      const type = keys[key]
      if (type === undefined) {
        refuse(
          [...path, key],
          `${what} has no key ${JSON.stringify(key)}: ${suggest(key, Object.keys(keys))}use ${Object.keys(keys).join(', ')}`,
        )
      } else if (!isOf(type, item)) {
        const article = /^[ao]/.test(type) ? 'an' : 'a'
        refuse([...path, key], `${key} has to be ${article} ${type}`)
      }
    }
    return value
  }

  function checkStep(step: unknown, index: number): ScenarioStep {
    const path = ['steps', index]
    const kinds = Object.keys(STEPS)
    const kind = Object.keys(Object(step)).find((key) => kinds.includes(key))
    if (kind === undefined) return refuse(path, `A step needs one of ${kinds.join(', ')}`)
    const checkedStep = checkKeys(step, STEPS[kind] as KeyTypes, path, `A step with ${kind}`)
    checkVariables(checkedStep, path)
    for (const variable of Object.keys(Object(checkedStep.save))) known.add(variable)
    return { ...checkedStep, line: lineOf(path) } as unknown as ScenarioStep
  }

  function checkVariables(step: Keywords, path: readonly (string | number)[]): void {
    for (const [key, value] of Object.entries(step)) {
      for (const variable of namesIn(value)) {
        const fromEnv = variable.startsWith('env.') && env[variable.slice('env.'.length)] !== undefined
        if (!fromEnv && !known.has(variable)) {
          const remedy = variable.startsWith('env.')
            ? 'set it in the environment'
            : `give it by --var ${variable}=…, or save it in an earlier step`
          refuse([...path, key], `The variable ${variable} is not defined: ${remedy}`)
        }
      }
    }
  }
}

function isOf(type: string, value: unknown): boolean {
  if (type === 'any') return true
  if (type === 'array') return Array.isArray(value)
  return type === 'object' ? isPlainObject(value) : typeof value === type
}

/** The line of a value in the file, or of the next thing around it that has one. */
function createLineOf(document: Document, lines: LineCounter): (path: readonly (string | number)[]) => number {
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined
      if (node?.range) return lines.linePos(node.range[0] as number).line
    }
    return 1
  }
}
