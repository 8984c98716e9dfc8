import { FST_NSP_NAME_INVALID } from '../shared/errors.js'

/*
 * Parses namespace names: '/', or segments that each follow one slash. A comma ends the name in a Socket.IO packet, and '?' and
 * '#' end it in a URL, so a name contains none of them. A dynamic name has parameters, written as in a route:
 * '/orgs/:orgId', '/orgs/:orgId(^\\d+$)', '/:from-:to', '/files/*'.
 */

const FORBIDDEN = /[\s,?#\\\p{Cc}]/u
const PARAMETER_NAME = /^[\p{L}_$][\p{L}\p{N}_$]*$/u
const SHOWN_LENGTH = 80

/** A parameter of a dynamic name; the wildcard is called '*'. */
export interface Parameter {
  readonly parameter: string
  /** The regular expression for its value, with parentheses, e.g. '(^\\d+$)'; '' if there is none. */
  readonly constraint: string
}

/** A part of a name: text, or a parameter. */
export type NamePart = string | Parameter

/**
 * Checks a name and returns it.
 *
 * @throws FST_NSP_NAME_INVALID with the problem and the remedy
 */
export function parseName(name: unknown): string {
  const problem = problemOf(name)
  if (problem !== undefined) throw new FST_NSP_NAME_INVALID(quoteName(name), problem)
  return name as string
}

/** Joins a prefix and a name as Fastify joins them for a route: '/v1' or '/v1/' and '/' become '/v1'. */
export function joinPrefix(prefix: string, name: string): string {
  const base = prefix.replace(/\/$/, '')
  if (base === '') return name
  return name === '/' ? base : base + name
}

/** Whether a name has parameters. '/orgs/:orgId' has many addresses; '/chat' is its own address. */
export function isDynamic(name: string): boolean {
  return /[:*]/.test(name)
}

/** The segments of a name: [] for '/', ['orgs', ':orgId'] for '/orgs/:orgId'. A slash in a constraint does not separate segments. */
export function segmentsOf(name: string): string[] {
  const segments = ['']
  for (const part of partsOf(name)) {
    const [first = '', ...rest] = typeof part === 'string' ? part.split('/') : [writePart(part)]
    segments.push(`${segments.pop()}${first}`, ...rest)
  }
  return segments.slice(1).filter((segment) => segment !== '')
}

/** The parts of a name, in order: ['/orgs/', { parameter: 'orgId', constraint: '' }]. The name must have been checked. */
export function partsOf(name: string): NamePart[] {
  const parts: NamePart[] = []
  for (let start = 0, end = 0; start < name.length; start = end) {
    if (name[start] === '*') {
      end = start + 1
      parts.push({ parameter: '*', constraint: '' })
    } else if (name[start] === ':') {
      const endOfName = indexOf(/[:/(.*-]/, name, start + 1)
      end = name[endOfName] === '(' ? endOfConstraint(name, endOfName) : endOfName
      parts.push({ parameter: name.slice(start + 1, endOfName), constraint: name.slice(endOfName, end) })
    } else {
      end = indexOf(/[:*]/, name, start)
      parts.push(name.slice(start, end))
    }
  }
  return parts
}

/** Quotes a name for an error message, cut to one line. */
export function quoteName(name: unknown): string {
  const text = String(name)
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text)
}

function problemOf(name: unknown): string | undefined {
  if (typeof name !== 'string') return `must be a string: got ${name === null ? 'null' : typeof name}`
  if (!name.startsWith('/')) return `must begin with a slash: write ${quoteName(`/${name}`)}`
  if (name === '/') return undefined
  const parts = partsOf(name)
  const bare = parts.map((part) => (typeof part === 'string' ? part : `:${part.parameter}`)).join('')
  if (bare.endsWith('/')) return `must not end with a slash: write ${quoteName(name.replace(/\/+$/, '') || '/')}`
  if (bare.includes('//')) return 'must not contain an empty segment: write one slash between two segments'
  if (/:[^/]*\?/.test(bare)) return 'must not contain an optional parameter: declare the shorter name as well'
  if (FORBIDDEN.test(bare)) return 'must not contain white space, control characters, or one of , ? # \\'
  // find-my-way decodes an address before it compares: '%20' in an address would not match '%20' in a name.
  if (bare.includes('%')) return 'must not contain %: write the character itself'
  return isDynamic(name) ? problemOfParts(parts) : undefined
}

function problemOfParts(parts: NamePart[]): string | undefined {
  const seen = new Set<string>()
  for (const [index, part] of parts.entries()) {
    const before = parts[index - 1] as NamePart
    if (typeof part === 'string') continue
    const problem = problemOfParameter(part, before)
    if (problem !== undefined) return problem
    if (part.parameter === '*' && index < parts.length - 1) return 'must contain * only as its whole last segment'
    if (seen.has(part.parameter)) return `must not contain two parameters named ${part.parameter}`
    seen.add(part.parameter)
  }
  return undefined
}

function problemOfParameter({ parameter, constraint }: Parameter, before: NamePart): string | undefined {
  if (parameter === '*') {
    const isSegment = typeof before === 'string' && before.endsWith('/')
    return isSegment ? undefined : 'must contain * only as its whole last segment'
  }
  if (parameter === '') return 'must have a name after each colon, as in /orgs/:orgId'
  if (!PARAMETER_NAME.test(parameter) || parameter === '__proto__')
    return `must not contain a parameter named ${JSON.stringify(parameter)}: use letters, digits, _ and $`
  if (typeof before !== 'string' && before.constraint === '')
    return `must have a - or a . between :${before.parameter} and :${parameter}, or a constraint`
  return constraint === '' ? undefined : problemOfConstraint(parameter, constraint)
}

function problemOfConstraint(parameter: string, constraint: string): string | undefined {
  if (!constraint.endsWith(')')) return `must close the parenthesis after :${parameter}`
  try {
    // The empty alternative always matches, and the match has one entry for each group of the constraint.
    const groups = (new RegExp(`${constraint}|`).exec('') as RegExpExecArray).length - 1
    return groups === 1 ? undefined : `must constrain :${parameter} with one group: write inner groups as (?: )`
  } catch {
    return `must constrain :${parameter} with a regular expression: ${constraint} is not one`
  }
}

function writePart({ parameter, constraint }: Parameter): string {
  return parameter === '*' ? '*' : `:${parameter}${constraint}`
}

function indexOf(pattern: RegExp, text: string, from: number): number {
  const index = text.slice(from).search(pattern)
  return index === -1 ? text.length : from + index
}

/** Counts parentheses as find-my-way does: with escapes, without character classes. */
function endOfConstraint(name: string, start: number): number {
  let depth = 0
  for (let index = start; index < name.length; index++) {
    if (name[index] === '\\') index++
    else if (name[index] === '(') depth++
    else if (name[index] === ')' && --depth === 0) return index + 1
  }
  return name.length
}
