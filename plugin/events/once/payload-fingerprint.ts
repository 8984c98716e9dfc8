import { createHash } from 'node:crypto'
import { isBinary } from '../../shared/json-value.js'

/*
 * Identifies a payload as the client has sent it. The order of properties does not count.
 */

/** Returns a digest of 43 characters. */
export function fingerprintOf(payload: unknown): string {
  return createHash('sha256').update(write(payload)).digest('base64url')
}

function write(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (isBinary(value)) return `<${bytesOf(value as ArrayBuffer | ArrayBufferView).toString('base64')}>`
  if (Array.isArray(value)) return `[${value.map(write).join()}]`
  const entries = Object.entries('toJSON' in value ? { toJSON: String(value) } : value)
  const properties = entries.map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`)
  return `{${properties.sort().join()}}`
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Buffer {
  if (!ArrayBuffer.isView(value)) return Buffer.from(value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
