import { isBinary } from '../../shared/json-value.js'
import { CliError } from '../cli-error.js'

/*
 * Values as one line of JSON. Binary data is written as { "$binary": "base64" }, and read from it.
 */

export function toLine(value: unknown): string {
  return `${JSON.stringify(value ?? null, writeBinary)}\n`
}

// A Buffer has a toJSON(), which has been called: the value itself is in its holder.
function writeBinary(this: unknown, key: string, value: unknown): unknown {
  const own: unknown = Object(this)[key]
  return isBinary(own) ? { $binary: Buffer.from(own as Uint8Array).toString('base64') } : value
}

/** @throws CliError that does not repeat the text */
export function parsePayload(text: string, what: string): unknown {
  try {
    return JSON.parse(text, (_key, value) => readBinary(value))
  } catch (error) {
    throw new CliError(`${what} is not valid JSON. Quote it for your shell: '{ "text": "hi" }'`, 2, error)
  }
}

function readBinary(value: unknown): unknown {
  const { $binary, ...rest } = Object(value) as Record<string, unknown>
  const isMarked = typeof $binary === 'string' && Object.keys(rest).length === 0
  return isMarked ? Buffer.from($binary, 'base64') : value
}
