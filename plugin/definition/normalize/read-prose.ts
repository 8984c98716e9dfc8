import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import { kindOf } from '../../shared/wording.js'
import type { Prose } from '../contract/description.js'
import { read, type Source } from './read-value.js'

/*
 * Reads what people read about a namespace, an event or an emit.
 */

export const PROSE_KEYS = ['summary', 'description', 'tags', 'deprecated', 'hide'] as const

/**
 * @returns the given keys, frozen
 * @throws FST_NSP_DEFINITION_INVALID naming the path
 */
export function readProse(source: Source, path: string): Prose {
  const prose = {
    summary: read<string>(source, 'summary', path, 'string'),
    description: read<string>(source, 'description', path, 'string'),
    tags: readTags(source.tags, `${path}.tags`),
    deprecated: read<boolean>(source, 'deprecated', path, 'boolean'),
    hide: read<boolean>(source, 'hide', path, 'boolean'),
  }
  return Object.freeze(Object.fromEntries(Object.entries(prose).filter(([, value]) => value !== undefined)))
}

function readTags(tags: unknown, path: string): readonly string[] | undefined {
  const list = readList(tags, path)
  const wrong = list?.findIndex((tag) => typeof tag !== 'string') ?? -1
  if (wrong === -1) return list as string[] | undefined
  throw new FST_NSP_DEFINITION_INVALID(`${path}[${wrong}]`, `must be a string: got ${kindOf(list?.[wrong])}`)
}

/** Reads the examples of a payload. */
export function readExamples(source: Source, path: string): readonly unknown[] | undefined {
  const examples = readList(source.examples, `${path}.examples`)
  examples?.forEach((example, index) => {
    refuseUnwritable(example, `${path}.examples[${index}]`)
  })
  return examples
}

/** A client may cause the description, which is JSON. */
function refuseUnwritable(example: unknown, path: string): void {
  try {
    JSON.stringify(example)
  } catch (error) {
    const [problem] = String(Object(error).message).split('\n')
    throw new FST_NSP_DEFINITION_INVALID(path, `can not be written as JSON: ${problem}`)
  }
}

function readList(list: unknown, path: string): readonly unknown[] | undefined {
  if (list === undefined) return undefined
  if (!Array.isArray(list)) throw new FST_NSP_DEFINITION_INVALID(path, `must be an array: got ${kindOf(list)}`)
  return Object.freeze([...list])
}
