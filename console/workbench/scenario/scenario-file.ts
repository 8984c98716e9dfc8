import { expectationOf } from './expectation.js'
import type { RecordedStep, Recording } from './recorded-step.js'

/*
 * Writes a recording as a scenario of the command line. Each text is a JSON string, which YAML reads, too; only what gets too long in
 * one line has lines of its own.
 */

const WIDTH = 110
const PLAIN_KEY = /^(?!(?:null|true|false)$)[$A-Za-z_][\w$-]*$/
// YAML allows few of them as they are, and editors show none of them.
const UNPRINTABLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

/** @param file - the name of the file, for the command that runs it */
export function writeScenario({ title, url, path, steps, variables }: Recording, file: string): string {
  const secrets = variables.filter(({ isSecret }) => isSecret).map(({ name }) => name)
  const given = variables.filter(({ value }) => value === undefined).map(({ name }) => ` --var ${name}=…`)
  const options = path === '/socket.io' ? '' : ` --path ${path}`
  const values = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? null]))
  const head = [
    `# npx fastify-namespaces run ${file} --url ${url}${options}${given.join('')}`,
    '',
    `name: ${toFlow(title)}`,
    `url: ${toFlow(url)}`,
    ...(variables.length > 0 ? [`variables:${write(values, '  ', true)}`] : []),
    ...(secrets.length > 0 ? [`secrets: ${toFlow(secrets)}`] : []),
    '',
    'steps:',
  ]
  return `${[...head, ...steps.map((step) => writeStep(step))].join('\n')}\n`
}

function writeStep(step: RecordedStep): string {
  const { kind, client, target, sent, count } = step
  const expected = expectationOf(step)
  const isDefault = toFlow(expected) === '{ ok: true }'
  const keys = {
    [kind]: kind === 'leave' ? client : target,
    ...(kind !== 'leave' && { client }),
    ...(sent !== undefined && { [kind === 'join' ? 'auth' : 'payload']: sent }),
    ...(count !== undefined && { count }),
    ...(expected !== undefined && !isDefault && kind !== 'send' && { [EXPECTS[kind] ?? 'expect']: expected }),
  }
  const [first = '', ...rest] = Object.entries(keys).map(([key, value]) => `${key}:${write(value, '      ')}`)
  return [`  - ${first}`, ...rest.map((line) => `    ${line}`)].join('\n')
}

const EXPECTS: Partial<Record<RecordedStep['kind'], string>> = { join: 'refused', 'expect-emit': 'payload' }

/** A value behind a key or a dash, in one line or in several. */
function write(value: unknown, indent: string, isBlock = false): string {
  const flow = toFlow(value)
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const fits = flow.length + indent.length <= WIDTH && !isBlock
  // The key of a block has at most 1,024 characters.
  if (fits || entries.length === 0 || entries.some(([key]) => key.length > WIDTH)) return ` ${flow}`
  return entries
    .map(([key, item]) => `\n${indent}${Array.isArray(value) ? '-' : `${toKey(key)}:`}${write(item, `${indent}  `)}`)
    .join('')
}

function toFlow(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? `[${value.map(toFlow).join(', ')}]` : '[]'
  if (typeof value !== 'object' || value === null) return toScalar(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return entries.length > 0 ? `{ ${entries.map(([key, item]) => `${toKey(key)}: ${toFlow(item)}`).join(', ')} }` : '{}'
}

function toKey(key: string): string {
  return PLAIN_KEY.test(key) ? key : toScalar(key)
}

function toScalar(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(UNPRINTABLE, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  )
}
