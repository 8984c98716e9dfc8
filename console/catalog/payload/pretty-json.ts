/*
 * Writes values as people read them.
 */

const BYTES_SHOWN = 3_000

/** A value as JSON of several lines. Bytes are `{ "$binary": "base64" }`, of which long ones are cut. Never throws. */
export function prettyJson(value: unknown): string {
  try {
    return JSON.stringify(value, writeBytes, 2) ?? ''
  } catch (error) {
    return String(error)
  }
}

function writeBytes(_key: string, value: unknown): unknown {
  const bytes =
    value instanceof ArrayBuffer
      ? new Uint8Array(value)
      : ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : undefined
  if (!bytes) return value
  const $binary = btoa(String.fromCharCode(...bytes.subarray(0, BYTES_SHOWN)))
  return bytes.length > BYTES_SHOWN ? { $binary: `${$binary}…`, bytes: bytes.length } : { $binary }
}
