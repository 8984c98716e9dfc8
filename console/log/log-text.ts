import { carriesBinary, isBinary } from '../../plugin/shared/json-value.js'

/** Of binary data, only this many bytes are kept. */
const BINARY_LIMIT_BYTES = 65_536

/**
 * Writes arguments as JSON, one list. Never throws. Binary data is written as the command line does, `{ "$binary": "base64" }`.
 * Of more than 64 KB, only the start is written, with the whole size beside it: `{ "$binary": "…", "bytes": 70000 }`.
 */
export function toLogText(args: readonly unknown[]): string {
  try {
    return carriesBinary(args) ? JSON.stringify(args, writeBinary) : JSON.stringify(args)
  } catch {
    return '["(JSON can not represent these arguments)"]'
  }
}

// A Buffer has a toJSON(), which has been called: the value itself is in its holder.
function writeBinary(this: unknown, key: string, value: unknown): unknown {
  const own: unknown = Object(this)[key]
  if (!isBinary(own)) return value
  // The content of a file can't be read at once.
  if (own instanceof Blob) return { $binary: '', bytes: own.size }
  const bytes = ArrayBuffer.isView(own)
    ? new Uint8Array(own.buffer, own.byteOffset, own.byteLength)
    : new Uint8Array(own as ArrayBuffer)
  const $binary = toBase64(bytes.subarray(0, BINARY_LIMIT_BYTES))
  return bytes.length > BINARY_LIMIT_BYTES ? { $binary, bytes: bytes.length } : { $binary }
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  // In parts: a function takes only so many arguments.
  for (let start = 0; start < bytes.length; start += 8192)
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192))
  return btoa(binary)
}
