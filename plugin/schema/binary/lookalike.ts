import { types } from 'node:util'
import { DEPTH_LIMIT, isBinary } from '../../shared/json-value.js'
import { isThenable, promiseOf } from '../../shared/maybe-async.js'
import { type Check, SchemaMismatch, toStep } from '../schema.js'
import { isPlainObject, type Keywords } from '../schema-ref.js'
import { NOT_BINARY } from './binary-value.js'
import { Lookalike } from './lookalike-data.js'

/*
 * Decides where a Standard Schema accepts binary data, which such a schema does not declare (`z.instanceof(Uint8Array)`). The
 * schema first checks a copy with lookalikes, which record the access: a schema that reads the class expects binary data, one
 * that reads keys or properties expects an object, and one that reads nothing accepts any value.
 */

// Up to this number, lookalikes are confirmed one by one.
const ALONE_LIMIT = 32

/** The lookalikes of a copy, by their proxies. */
type Shown = Map<unknown, Lookalike>

/**
 * Wraps the check of a Standard Schema so that binary data is accepted only where the schema expects it, and its bytes are not
 * iterated over.
 *
 * @param takesAny - whether a schema that accepts any value also accepts binary data
 */
export function withLookalikes(check: Check, takesAny: boolean): Check {
  return (value) => {
    // An incoming value contains no cycle, and its depth has been checked.
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
    const unexpected = all.find(({ isClassAsked, isWalked }) => isWalked || (isAny && !isClassAsked))
    if (unexpected) throw notBinary(unexpected)
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
      // The schema transformed the data or read its bytes.
      if (reader) throw notBinary(reader)
      return check(value)
    }
    return confirm(checked, value, all)
  }

  /**
   * Confirms that the schema expects binary data: it may have read the class for another reason (`instanceof Promise`). A
   * schema that also accepts a lookalike without a class accepts anything. Any other one checks the data itself.
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

/** The value at a JSON pointer. */
function at(value: unknown, path: string): unknown {
  const keys = path.split('/').slice(1)
  return keys.reduce((inner, key) => Object(inner)[key.replaceAll('~1', '/').replaceAll('~0', '~')], value)
}

interface Trial {
  /** The checked copy whose lookalikes have a class. */
  readonly checked: unknown
  readonly outcome: CheckOutcome
  readonly shown: Shown
  readonly isAlone: boolean
}

/** Whether the schema accepted a lookalike without a class. */
function isTaken(path: string, { checked, outcome, shown, isAlone }: Trial): boolean {
  const [proxy, plain] = [...shown].find(([, lookalike]) => lookalike.path === path) as [unknown, Lookalike]
  const { failure } = outcome
  if (plain.isOpened) return true
  if (failure && isAlone) return false
  if (failure) {
    return !(failure.error instanceof SchemaMismatch && failure.error.mismatches.some((one) => one.path === path))
  }
  // Another alternative of a union may have accepted it as an object: the result is then not the proxy itself.
  return at(outcome.checked, path) === proxy || !types.isProxy(at(checked, path))
}

function notBinary({ path }: Lookalike): SchemaMismatch {
  return new SchemaMismatch([{ path, message: NOT_BINARY }])
}

interface CheckOutcome {
  readonly checked?: unknown
  readonly failure?: { readonly error: unknown }
}

/** Calls a function, and `next` with its outcome, at once or when its promise settles. */
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

/** Whether a value contains binary data, up to a depth. `seen` ends cycles of outgoing values. */
function holdsBinary(value: unknown, seen: Set<unknown>, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isBinary(value)) return true
  if (seen.has(value) || depth === 0 || !(Array.isArray(value) || isPlainObject(value))) return false
  seen.add(value)
  for (const key in value) if (holdsBinary((value as Keywords)[key], seen, depth - 1)) return true
  return false
}

/** Copies a value with lookalikes in place of binary data. `known`: the copies so far, for cycles. */
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

/** Puts the data back into the result of a schema. Removes the lookalikes that it finds from `left`. */
function restore(value: unknown, shown: Shown, left: Set<unknown>, known: Map<unknown, unknown>): unknown {
  const lookalike = shown.get(value)
  if (lookalike) {
    left.delete(value)
    return lookalike.binary
  }
  return mapOnce(value, known, (item) => restore(item, shown, left, known))
}

/** The same as {@link mapPlain}, once for each value. A value that contains itself is returned unchanged. */
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

/** Maps the items of an array or a plain object. Returns the value itself if no item changes, and for any other value. */
function mapPlain(value: unknown, change: (item: unknown, key: string) => unknown): unknown {
  if (!Array.isArray(value) && !isPlainObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, change(item, key)] as const)
  const source = value as Keywords
  if (entries.every(([key, item]) => item === source[key])) return value
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}
