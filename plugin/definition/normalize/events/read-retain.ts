import { FST_NSP_DEFINITION_INVALID } from '../../../shared/errors.js'
import { kindOf } from '../../../shared/wording.js'
import type { RetainRules } from '../../events/retain-options.js'
import { read, readDuration, readObject, type Source } from '../read-value.js'

/*
 * Reads the key of an emit that keeps its last values.
 */

/** The option, checked and completed. */
export interface NormalRetain {
  /** How many values are kept. */
  readonly most: number
  /** Undefined: the last values are kept, whatever they are about. */
  readonly key: RetainRules<never>['key'] | undefined
  readonly isRemoval: RetainRules<never>['isRemoval']
  readonly ttlMs: number
}

const KEYS = ['key', 'isRemoval', 'count', 'ttlMs']
const MOST_VALUES = 10_000
const DEFAULT_KEYS = 1_000
const DEFAULT_TTL_MS = 604_800_000

/** @throws FST_NSP_DEFINITION_INVALID naming the path */
export function readRetain(source: Source, path: string): NormalRetain | undefined {
  const { retain: value } = source
  const at = `${path}.retain`
  if (value === undefined) return undefined
  if (source.reply !== undefined) {
    const problem = 'can not be combined with `reply`: an emit that waits for an answer is not kept'
    throw new FST_NSP_DEFINITION_INVALID(at, problem)
  }
  if (typeof value !== 'object' || value === null) {
    const most = readCount(value, at, 'must be an object with `key`, or a whole number of emits')
    return Object.freeze({ most, key: undefined, isRemoval: undefined, ttlMs: DEFAULT_TTL_MS })
  }
  const rules = readObject(value, at, KEYS)
  const key = read<NonNullable<NormalRetain['key']>>(rules, 'key', at, 'function')
  if (!key) throw new FST_NSP_DEFINITION_INVALID(`${at}.key`, 'is missing: write retain: 1 for the last value')
  return Object.freeze({
    most:
      rules.count === undefined
        ? DEFAULT_KEYS
        : readCount(rules.count, `${at}.count`, 'must be a whole number of keys'),
    key,
    isRemoval: read<NonNullable<NormalRetain['isRemoval']>>(rules, 'isRemoval', at, 'function'),
    ttlMs: readDuration(rules, 'ttlMs', at, 1) ?? DEFAULT_TTL_MS,
  })
}

function readCount(value: unknown, path: string, must: string): number {
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MOST_VALUES) return Number(value)
  const got = typeof value === 'number' ? String(value) : kindOf(value)
  throw new FST_NSP_DEFINITION_INVALID(path, `${must}, from 1 to ${MOST_VALUES}: got ${got}`)
}
