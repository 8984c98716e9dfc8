import { NOT_BINARY } from './binary-value.js'
import { DEPTH_LIMIT, isBinary } from './plain.js'
import { isPlainObject } from './reference.js'
import { type Check, SchemaMismatch, toStep } from './schema.js'
import { isThenable, promiseOf } from './sequence.js'

/*
 * Binary data for a Standard Schema, which has words of its own for it (`z.instanceof(Uint8Array)`), and tells nobody
 * which they are. So it is shown a lookalike first, which notes what is asked of it. Who asks for its class has a word for
 * binary data; who asks for its keys, or for fields, takes it for an object; who asks for nothing takes anything.
 */

/** Binary data for who asks for its class, its length or its bytes; without a key for who walks over it. */
class Lookalike implements ProxyHandler<object> {
  readonly binary: object
  readonly path: string
  readonly hasClass: boolean
  isClassAsked = false
  isWalked = false
  /** Whether a field was asked for that binary data has not. */
  isRead = false

  constructor(binary: object, path: string, hasClass: boolean) {
    this.binary = binary
    this.path = path
    this.hasClass = hasClass
  }

  get(_target: object, key: string | symbol): unknown {
    this.#note(key)
    if (!this.hasClass && CLASS.includes(key)) return undefined
    const value = Reflect.get(this.binary, key)
    // A method works on the data alone.
    return typeof value === 'function' && key !== 'constructor' ? value.bind(this.binary) : value
  }

  has(_target: object, key: string | symbol): boolean {
    this.#note(key)
    return Reflect.has(this.binary, key)
  }

  getPrototypeOf(): object | null {
    this.isClassAsked = true
    return this.hasClass ? Reflect.getPrototypeOf(this.binary) : Object.prototype
  }

  ownKeys(): string[] {
    this.isWalked = true
    return []
  }

  #note(key: string | symbol): void {
    if (key === Symbol.toStringTag) this.isClassAsked = true
    else if (typeof key === 'string' && !COMMON.test(key) && !Reflect.has(this.binary, key)) this.isRead = true
  }
}

const CLASS: readonly unknown[] = ['constructor', Symbol.toStringTag]
// Bytes that may be there or not, and what is asked of anything: whether it is a promise, or has its own word for JSON.
const COMMON = /^(\d+|then|toJSON)$/

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

  function judge({ checked, failure }: Outcome, value: unknown, shown: Shown): unknown {
    const all = [...shown.values()]
    const isAny = !(failure || takesAny)
    const stranger = all.find(({ isClassAsked, isWalked }) => isWalked || (isAny && !isClassAsked))
    if (stranger) throw notBinary(stranger)
    if (!failure) {
      const left = new Set<unknown>(shown.keys())
      const restored = restore(checked, shown, left, new Map())
      if (left.size === 0) return shown.has(checked) && !takesAny ? confirm(value as object) : restored
    }
    const reader = all.find(({ isRead }) => isRead)
    // It has become something else, or was looked at by what wants the data itself: here it is, and nobody walks over it.
    if (!reader) return check(value)
    throw failure?.error instanceof SchemaMismatch ? failure.error : notBinary(reader)
  }

  /** ArkType asks of all that it gives whether it is a list of errors. So who takes one without a class takes anything. */
  function confirm(binary: object): unknown {
    const lookalike = new Lookalike(binary, '', false)
    const proxy = new Proxy({}, lookalike)
    return settle(
      () => check(proxy),
      ({ checked }) => {
        if (checked === proxy) throw notBinary(lookalike)
        return binary
      },
    )
  }
}

function notBinary({ path }: Lookalike): SchemaMismatch {
  return new SchemaMismatch([{ path, message: NOT_BINARY }])
}

interface Outcome {
  readonly checked?: unknown
  readonly failure?: { readonly error: unknown }
}

/** Calls a function; `next` is given what came of it, now or later. */
function settle(call: () => unknown, next: (outcome: Outcome) => unknown): unknown {
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
  for (const key in value) if (holdsBinary((value as Shape)[key], seen, depth - 1)) return true
  return false
}

/** A copy with a lookalike in the place of all binary data. `known`: what has been copied, for what is in itself. */
function show(
  value: unknown,
  memo: { readonly shown: Shown; readonly known: Map<unknown, unknown> },
  path: string,
): unknown {
  const { shown, known } = memo
  if (isBinary(value)) {
    const lookalike = new Lookalike(value as object, path, true)
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

type Shape = Readonly<Record<string, unknown>>

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
  const source = value as Shape
  if (entries.every(([key, item]) => item === source[key])) return value
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}
