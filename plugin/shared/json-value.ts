/*
 * What JSON would make of a value, without writing it: the shape that a schema can check, that nobody else holds, and
 * that may be changed (Fastify's Ajv coerces, fills in defaults and removes what is not declared).
 */

/** Levels that a value may have on its way out; a cycle has more. */
export const DEPTH_LIMIT = 200

/**
 * A copy of a value as the wire will have it: `toJSON` called, functions and undefined left out of objects; binary data
 * is kept as it is. Throws RangeError for what is nested deeper than 200 levels, a cycle above all.
 */
export function toPlain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || isKept(value)) return value
  if (depth > DEPTH_LIMIT) throw new RangeError('The value is nested too deeply, or in itself')
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlain(value.toJSON(), depth + 1)
  if (Array.isArray(value)) return value.map((item) => (isNothing(item) ? null : toPlain(item, depth + 1)))
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (!isNothing(item) && key !== '__proto__') copy[key] = toPlain(item, depth + 1)
  }
  return copy
}

/** The same of what goes to another node. Throws TypeError for a bigint, which JSON has not. */
export function toSendable(value: unknown): unknown {
  const plain = toPlain(value)
  refuseBigInt(plain)
  return plain
}

function refuseBigInt(value: unknown): void {
  if (typeof value === 'bigint') throw new TypeError('it holds a bigint, which JSON has not')
  if (typeof value !== 'object' || value === null || isBinary(value)) return
  for (const item of Object.values(value)) refuseBigInt(item)
}

/** What JSON leaves out of objects, and makes null of in arrays. */
export function isNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}

let kept = 0

/** How often binary data has been kept as it is in copies of values: where this has not grown, a copy has none. */
export function countKept(): number {
  return kept
}

/** Whether a copy keeps a value as it is, for it is binary data. */
export function isKept(value: unknown): boolean {
  if (!isBinary(value)) return false
  kept++
  return true
}

/** Whether Socket.IO sends a value as an attachment. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob
}

/** Whether Socket.IO would send any part of a value as an attachment. Throws RangeError for a cycle. */
export function carriesBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isBinary(value)) return true
  if (Array.isArray(value)) return value.some(carriesBinary)
  const json = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value
  if (json !== value) return carriesBinary(json)
  for (const key of Object.keys(value)) if (carriesBinary((value as Record<string, unknown>)[key])) return true
  return false
}

export const TOO_DEEP = 'is nested too deeply'

/**
 * What is wrong with a value that came from the wire: nested deeper than `depthLimit`, or with a key that could reach a
 * prototype, which are those that Fastify refuses in a body; undefined when it is well.
 */
export function findPoison(value: unknown, depthLimit: number): string | undefined {
  if (typeof value !== 'object' || value === null || isBinary(value)) return undefined
  if (depthLimit <= 0) return TOO_DEEP
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = findPoison(item, depthLimit - 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  // What JSON makes has no enumerable key but its own; and no array of keys is made for it.
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (isPoisonous(key, item)) return 'has a key that is not allowed'
    if (typeof item !== 'object') continue
    const problem = findPoison(item, depthLimit - 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

function isPoisonous(key: string, item: unknown): boolean {
  // How Socket.IO marks an attachment: one that is left in a payload is forged, and would break who receives it.
  if (key === '__proto__' || key === '_placeholder') return true
  return key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype')
}
