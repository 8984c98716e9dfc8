import { FST_NSP_DEFINITION_INVALID } from '../../../shared/errors.js'
import { kindOf } from '../../../shared/wording.js'
import type { WaitingOptions } from '../../events/waiting-options.js'
import { read, type Source } from '../read-value.js'

/*
 * Reads the keys of an emit that bound how many of it wait for a slow reader.
 */

export interface NormalWaiting {
  readonly conflate: WaitingOptions<never>['conflate']
  readonly dropOldest: number | undefined
}

export const WAITING_KEYS = ['conflate', 'dropOldest'] as const

/** @throws FST_NSP_DEFINITION_INVALID naming the path */
export function readWaiting(source: Source, path: string): NormalWaiting {
  const conflate = read<NonNullable<NormalWaiting['conflate']>>(source, 'conflate', path, 'function')
  const dropOldest = readCount(source.dropOldest, `${path}.dropOldest`)
  const [given] = WAITING_KEYS.filter((key) => source[key] !== undefined)
  if (conflate && dropOldest !== undefined) {
    const problem = 'can not be combined with `conflate`, which keeps one emit of each key'
    throw new FST_NSP_DEFINITION_INVALID(`${path}.dropOldest`, problem)
  }
  if (given && source.reply !== undefined) {
    const problem = 'can not be combined with `reply`: an emit that waits for an answer is never dropped'
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${given}`, problem)
  }
  return { conflate, dropOldest }
}

function readCount(value: unknown, path: string): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= 1)) return value as number | undefined
  const got = typeof value === 'number' ? String(value) : kindOf(value)
  throw new FST_NSP_DEFINITION_INVALID(path, `must be a whole number of emits, 1 or more: got ${got}`)
}
