import type { SchemaCheck } from '../catalog/schema-check.js'
import { withoutTwins } from '../catalog/sent-problems.js'
import type { Problem } from '../shared/problem.js'
import { type JsonScan, type Span, scanJson } from './json-scan.js'

/** A problem with the part of the text that is underlined. */
export interface TextProblem extends Span {
  readonly message: string
  /** Who has found it. */
  readonly source: 'JSON' | 'schema' | 'server'
}

/**
 * Finds what is wrong with a text: its syntax, else what the check of its schema and the server say, at their places.
 *
 * @param server - the problems that the server has told of a value that was sent
 */
export function findTextProblems(text: string, check: SchemaCheck, server: readonly Problem[]): readonly TextProblem[] {
  if (text.trim() === '') return []
  const scan = scanJson(text)
  if (scan.wrong) return [{ ...scan.wrong, source: 'JSON' }]
  return withoutTwins(server, checkText(scan, check)).map((problem) => ({
    ...spanOf(scan, problem.path),
    message: problem.message,
    source: server.includes(problem) ? 'server' : 'schema',
  }))
}

function checkText({ masked, open, wrong }: JsonScan, check: SchemaCheck): readonly Problem[] {
  if (wrong) return []
  try {
    return check(JSON.parse(masked), { isOpen: (path) => open.has(path) })
  } catch (error) {
    return [{ path: '', message: String(error) }]
  }
}

/** The text of a value; of an object or a list, its bracket, and the name of its property; of what is not there, where it would be. */
function spanOf({ places }: JsonScan, path: string): Span {
  const place = places.get(path)
  if (place) {
    const isLarge = place.to - place.from > 80
    return {
      from: isLarge ? (place.key?.from ?? place.from) : place.from,
      to: isLarge ? (place.key?.to ?? place.from + 1) : place.to,
    }
  }
  return path === '' ? { from: 0, to: 1 } : spanOf({ places } as JsonScan, path.slice(0, path.lastIndexOf('/')))
}
