import { toIdentifier, writeLiteral, writeMember } from '../js-literal.js'
import type { SnippetSubject } from './snippet-subject.js'

/** Writes a value; a variable is one of the constant `variables`. */
export function writeValue(value: unknown, indent = ''): string {
  return writeLiteral(value, { refer: (name) => `variables${writeMember(name)}` }, indent)
}

/** All arguments behind an event, with a comma before each. */
export function writeArgs({ args }: SnippetSubject): string {
  return args.map((arg) => `, ${writeValue(arg)}`).join('')
}

/** The name of the constant for a namespace. */
export function constantOf({ name }: SnippetSubject): string {
  return toIdentifier(name, 'root')
}

/** The constant `variables`. In Node, a secret is read from the environment. */
export function writeVariables({ variables }: SnippetSubject, hasEnvironment: boolean): string {
  if (variables.length === 0) return ''
  const entries = variables.map(({ name, value }) => [name, value ?? `{{${name}}}`])
  const refer = (name: string) =>
    hasEnvironment
      ? `process.env${writeMember(name.toUpperCase().replace(/\W/g, '_'))}`
      : `'' /* ${variables.some((one) => one.name === name && one.isSecret) ? 'fill in the secret' : 'fill it in'} */`
  const override = (value: unknown) => plainText(value, variables)
  return `const variables = ${writeLiteral(Object.fromEntries(entries), { refer, override })}\n`
}

// The value of a variable is no variable, whatever it looks like.
function plainText(value: unknown, variables: SnippetSubject['variables']): string | undefined {
  const isKnown = typeof value === 'string' && variables.some((one) => one.value === value)
  return isKnown ? JSON.stringify(value) : undefined
}
