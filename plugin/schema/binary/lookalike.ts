import { types } from 'node:util'
import { DEPTH_LIMIT, isBinary } from '../../shared/json-value.js'
import { isThenable, promiseOf } from '../../shared/maybe-async.js'
import { type Check, SchemaMismatch, toStep } from '../schema.js'
import { isPlainObject, type Keywords } from '../schema-ref.js'
import { NOT_BINARY } from './binary-value.js'
import { Lookalike } from './lookalike-data.js'

/*
 * Binary data for a Standard Schema, which has words of its own for it (`z.instanceof(Uint8Array)`), and tells nobody
 * which they are. So it is shown a lookalike first, which notes what is asked of it. Who asks for its class has a word for
 * binary data; who asks for its keys, or for fields, takes it for an object; who asks for nothing takes anything.
 */

// As many are tried each by itself.
const ALONE_LIMIT = 32

/** What stands in the copy that a schema is shown, by the stand-in. */
type Shown = Map<unknown, Lookalike>

/**
 * The check of a Standard Schema for values with binary data in them: who has no word for that refuses it, and nobody walks
 * over its bytes. `takesAny`: whether who asks for nothing may have it.
 */
export function withLookalikes(check: Check, takesAny: boolean): Check {
  return (value) => {
    // What came in is within its bounds, and never in itself.
    if (!holdsBinary(value, new Set(), takesAny ? DEPTH_LIMIT : Number.POSITIVE_INFINITY)) return check(value)
    const shown: Shown = new Map()
    const copy = show(value, { shown, known: new Map() }, '')
    return settle(
      () => check(copy),
      (outcome) => judge(outcome, value, shown),
    )
  }

  function judge({ checked, failure }: CheckOutcome, value: unknown, shown: Shown): unknown {
    const all = [...shown.values()]
    const isAny = !(failure || takesAny)
    const stranger = all.find(({ isClassAsked, isWalked }) => isWalked || (isAny && !isClassAsked))
    if (stranger) throw notBinary(stranger)
    const isOpened = all.some((lookalike) => lookalike.isOpened)
    if (!failure) {
      const left = new Set<unknown>(shown.keys())
      const restored = restore(checked, shown, left, new Map())
      if (left.size === 0 && takesAny && !isOpened) return restored
    }
    const reader = all.find(({ isRead }) => isRead)
    if (failure && reader && !isOpened)
      throw failure.error instanceof SchemaMismatch ? failure.error : notBinary(reader)
    if (takesAny) {
      // It has become something else, or was looked at by what wants the data itself.
      if (reader) throw notBinary(reader)
      return check(value)
    }
    return confirm(checked, value, all)
  }

  /**
   * Asking for a class may be about another one (`instanceof Promise`). So who takes one without a class as well takes
   * anything; all others are handed the data itself.
   */
  function confirm(checked: unknown, value: unknown, all: readonly Lookalike[]): unknown {
    const groups = all.length > ALONE_LIMIT ? [all] : all.map((one) => [one])
    const next = (index: number): unknown => {
      const group = groups[index]
      if (!group) return check(value)
      const shown: Shown = new Map()
      const plain = new Set(group.map(({ path }) => path))
      const copy = show(value, { shown, known: new Map(), plain }, '')
      return settle(
        () => check(copy),
        (outcome) => {
          const taken = group.find(({ path }) =>
            isTaken(path, { checked, outcome, shown, isAlone: group.length === 1 }),
          )
          if (taken) throw notBinary(taken)
          return next(index + 1)
        },
      )
    }
    return next(0)
  }
}

/** What a value has at a JSON pointer. */
function at(value: unknown, path: string): unknown {
  const keys = path.split('/').slice(1)
  return keys.reduce((inner, key) => Object(inner)[key.replaceAll('~1', '/').replaceAll('~0', '~')], value)
}

interface Trial {
  /** What came of the one with a class. */
  readonly checked: unknown
  readonly outcome: CheckOutcome
  readonly shown: Shown
  readonly isAlone: boolean
}

/** Whether one without a class was taken, in the place of binary data. */
function isTaken(path: string, { checked, outcome, shown, isAlone }: Trial): boolean {
  const [proxy, plain] = [...shown].find(([, lookalike]) => lookalike.path === path) as [unknown, Lookalike]
  const { failure } = outcome
  if (plain.isOpened) return true
  if (failure && isAlone) return false
  if (failure) {
    return !(failure.error instanceof SchemaMismatch && failure.error.mismatches.some((one) => one.path === path))
  }
  // Of a union, another alternative may have taken it for an object: then it is not itself any more.
  return at(outcome.checked, path) === proxy || !types.isProxy(at(checked, path))
}

function notBinary({ path }: Lookalike): SchemaMismatch {
  return new SchemaMismatch([{ path, message: NOT_BINARY }])
}

interface CheckOutcome {
  readonly checked?: unknown
  readonly failure?: { readonly error: unknown }
}

/** Calls a function; `next` is given what came of it, now or later. */
function settle(call: () => unknown, next: (outcome: CheckOutcome) => unknown): unknown {
  const fail = (error: unknown) => next({ failure: { error } })
  let result: unknown
  try {
    result = call()
  } catch (error) {
    return fail(error)
  }
  return isThenable(result) ? promiseOf(result).then((checked) => next({ checked }), fail) : next({ checked: result })
}

/** Whether there is binary data in a value, so many levels deep at most. What goes out may be in itself: so none is seen twice. */
function holdsBinary(value: unknown, seen: Set<unknown>, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isBinary(value)) return true
  if (seen.has(value) || depth === 0 || !(Array.isArray(value) || isPlainObject(value))) return false
  seen.add(value)
  for (const key in value) if (holdsBinary((value as Keywords)[key], seen, depth - 1)) return true
  return false
}

/** A copy with a lookalike in the place of all binary data. `known`: what has been copied, for what is in itself. */
function show(
  value: unknown,
  memo: { readonly shown: Shown; readonly known: Map<unknown, unknown>; readonly plain?: ReadonlySet<string> },
  path: string,
): unknown {
  const { shown, known } = memo
  if (isBinary(value)) {
    const lookalike = new Lookalike(value as object, path, !memo.plain?.has(path))
    const proxy = new Proxy({}, lookalike)
    shown.set(proxy, lookalike)
    return proxy
  }
  return mapOnce(value, known, (item, key) => show(item, memo, path + toStep(key)))
}

/** What a schema has made, with the data where its lookalikes are; those that are found are taken from `left`. */
function restore(value: unknown, shown: Shown, left: Set<unknown>, known: Map<unknown, unknown>): unknown {
  const lookalike = shown.get(value)
  if (lookalike) {
    left.delete(value)
    return lookalike.binary
  }
  return mapOnce(value, known, (item) => restore(item, shown, left, known))
}

/** The same as mapPlain, once for each value; what is in itself stays what it was. */
function mapOnce(
  value: unknown,
  known: Map<unknown, unknown>,
  change: (item: unknown, key: string) => unknown,
): unknown {
  if (typeof value !== 'object') return value
  if (known.has(value)) return known.get(value)
  known.set(value, value)
  const mapped = mapPlain(value, change)
  known.set(value, mapped)
  return mapped
}

/** A copy of an array or a plain object with each item changed; itself where none is, and whatever else there is. */
function mapPlain(value: unknown, change: (item: unknown, key: string) => unknown): unknown {
  if (!Array.isArray(value) && !isPlainObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, change(item, key)] as const)
  const source = value as Keywords
  if (entries.every(([key, item]) => item === source[key])) return value
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}
