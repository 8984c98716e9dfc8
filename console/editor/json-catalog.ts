import type { JsonSchema } from '../../plugin/definition/contract/description.js'
import { createCheck } from '../catalog/schema-check.js'
import { createSchemaReader, type SchemaReader } from '../catalog/schema-parts.js'
import type { Problem } from '../shared/problem.js'
import { describePlace, type PlaceHint } from './json-hints.js'
import { findTextProblems, type TextProblem } from './json-problems.js'
import { placeAt, type Span, scanJson } from './json-scan.js'
import { LONGEST_TEXT } from './longest-text.js'

/** What a schema says about a text of JSON. */
export interface JsonCatalog {
  readonly reader: SchemaReader
  /** What is wrong with a text. The last text is remembered. */
  readonly problemsOf: (text: string) => readonly TextProblem[]
  /** What the schema says about a position of a text. */
  readonly hintAt: (text: string, position: number) => (PlaceHint & Span) | undefined
}

/**
 * Reads a schema for an editor.
 *
 * @param server - the problems that the server has told of the value
 */
export function createJsonCatalog(
  schema: JsonSchema,
  shared: Readonly<Record<string, JsonSchema>>,
  server: readonly Problem[],
): JsonCatalog {
  const reader = createSchemaReader(schema, shared)
  const check = createCheck(schema, shared)
  let last: { readonly text: string; readonly problems: readonly TextProblem[] } | undefined
  return {
    reader,
    problemsOf(text) {
      if (text.length > LONGEST_TEXT) return []
      if (last?.text !== text) last = { text, problems: findTextProblems(text, check, server) }
      return last.problems
    },
    hintAt(text, position) {
      if (text.length > LONGEST_TEXT) return undefined
      const [, place] = placeAt(scanJson(text), position) ?? []
      if (!place) return undefined
      const hint = describePlace(reader.partsAt(place.path))
      const from = place.key?.from ?? place.from
      return hint.summary || hint.description ? { ...hint, from, to: place.to } : undefined
    },
  }
}
