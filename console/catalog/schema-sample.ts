import { sample } from 'openapi-sampler'
import type { JsonSchema } from '../../plugin/definition/contract/description.js'
import { isPlainObject } from '../../plugin/schema/schema-ref.js'
import type { Problem } from '../shared/problem.js'
import { createCheck } from './schema-check.js'
import { outlineOf } from './schema-outline.js'
import { createSchemaReader, toStep } from './schema-parts.js'

/**
 * An example of what a schema accepts: the first of the given examples, else one that is made of the schema. It may not fit a schema
 * that is too difficult. Binary data is `{ "$binary": "" }`. Never throws.
 *
 * @param shared - the schemas of addSchema() by `$id`
 * @param examples - those of the event
 */
export function sampleOf(
  schema: JsonSchema,
  shared: Readonly<Record<string, JsonSchema>> = {},
  examples: readonly unknown[] = [],
): unknown {
  if (examples.length > 0) return examples[0]
  const outline = outlineOf(createSchemaReader(schema, shared), { $binary: '' })
  const check = createCheck(schema, shared)
  const made = [false, true].flatMap((skipNonRequired) => tryToSample(outline, skipNonRequired))
  const shorter = made.slice(0, 1).map((value) => without(value, check(value)))
  const candidates = [...made.slice(0, 1), ...shorter, ...made.slice(1)]
  return candidates.find((value) => check(value).length === 0) ?? made[0] ?? {}
}

/** A copy without the properties that are wrong. */
function without(value: unknown, problems: readonly Problem[]): unknown {
  const paths = new Set(problems.map(({ path }) => path))
  return copy(value, '')

  function copy(value: unknown, path: string): unknown {
    if (Array.isArray(value)) return value.map((item, index) => copy(item, `${path}/${index}`))
    if (!isPlainObject(value)) return value
    const kept = Object.entries(value).filter(([key]) => !paths.has(path + toStep(key)))
    return Object.fromEntries(kept.map(([key, item]) => [key, copy(item, path + toStep(key))]))
  }
}

/** A sample in a list; an empty list if there is none. */
function tryToSample(outline: object, skipNonRequired: boolean): unknown[] {
  try {
    return [sample(outline, { quiet: true, enablePatterns: true, skipNonRequired })]
  } catch {
    return [] // a pattern that it can not read
  }
}
