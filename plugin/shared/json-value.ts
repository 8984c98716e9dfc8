/*
 * Copies values the way JSON.stringify sees them, without writing text, and checks values from the wire for dangerous
 * keys. A schema checks the copy, because Fastify's Ajv changes its argument (coercion, defaults, removed properties).
 */

/** Maximum nesting of an outgoing value. A cycle exceeds it. */
export const DEPTH_LIMIT = 200

/**
 * Copies a value as JSON would represent it: calls `toJSON`, and leaves functions and undefined out of objects. Binary
 * data is not copied.
 *
 * @throws RangeError if the value is nested deeper than 200 levels, e.g. a cycle
 */
export function toPlain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || isKept(value)) return value
  if (depth > DEPTH_LIMIT) throw new RangeError('The value is nested too deeply, or contains itself')
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlain(value.toJSON(), depth + 1)
  if (Array.isArray(value)) return value.map((item) => (isNothing(item) ? null : toPlain(item, depth + 1)))
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (!isNothing(item) && key !== '__proto__') copy[key] = toPlain(item, depth + 1)
  }
  return copy
}

/**
 * The same as {@link toPlain}, for a value that is sent to another node.
 *
 * @throws TypeError if the value contains a bigint, which JSON can not represent
 */
export function toSendable(value: unknown): unknown {
  const plain = toPlain(value)
  refuseBigInt(plain)
  return plain
}

function refuseBigInt(value: unknown): void {
  if (typeof value === 'bigint') throw new TypeError('it contains a bigint, which JSON can not represent')
  if (typeof value !== 'object' || value === null || isBinary(value)) return
  for (const item of Object.values(value)) refuseBigInt(item)
}

/** Whether JSON leaves a value out of objects, and writes null for it in arrays. */
export function isNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}

let kept = 0

/** Counts the binary data in all copies so far. If a copy did not increase it, the copy contains none. */
export function countKept(): number {
  return kept
}

/** Whether a copy keeps a value as it is, because it is binary data. Counts it: see {@link countKept}. */
export function isKept(value: unknown): boolean {
  if (!isBinary(value)) return false
  kept++
  return true
}

/** Whether Socket.IO sends a value as an attachment. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob
}

/**
 * Whether Socket.IO would send any part of a value as an attachment.
 *
 * @throws RangeError for a cycle
 */
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
 * Finds what is dangerous in a value from the wire: nesting deeper than `depthLimit`, or a key that could change a
 * prototype (the keys that Fastify refuses in a body).
 *
 * @returns the problem, or undefined
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
  // A value that JSON.parse made inherits no enumerable keys, and for...in allocates no array of keys.
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
  // Socket.IO marks an attachment with _placeholder. One that is left in a payload is forged, and breaks its receiver.
  if (key === '__proto__' || key === '_placeholder') return true
  return key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype')
}
