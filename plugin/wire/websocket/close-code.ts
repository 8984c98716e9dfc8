import { isUtf8 } from 'node:buffer'

/*
 * The payload of a close frame: a code and a reason, RFC 6455 section 7.4.
 */

/** Stands for a close frame without a code. */
export const NO_CODE = 1005
/** Stands for a connection that ended without a close frame. */
export const NO_CLOSE_FRAME = 1006

export const PROTOCOL_ERROR = 1002
export const INVALID_DATA = 1007
export const POLICY_VIOLATION = 1008
export const TOO_BIG = 1009

const LONGEST_REASON = 123

// 1004 is reserved; 1005 and 1006 stand for what no peer sends.
const UNUSABLE = [1004, NO_CODE, NO_CLOSE_FRAME]

/** Whether a peer may send the code: those of the protocol, and those for libraries and applications. */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && !UNUSABLE.includes(code)) || (code >= 3000 && code <= 4999)
}

/**
 * @returns the payload of a close frame; empty without a code
 * @throws TypeError for a code that no peer may send; RangeError for a reason that does not fit
 */
export function closePayload(code: number | undefined, reason: string | Buffer = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0)
  if (!isCloseCode(code)) throw new TypeError(`${code} is no code that a close frame may have`)
  const bytes = Buffer.from(reason)
  if (bytes.length > LONGEST_REASON) {
    throw new RangeError(`the reason of a close frame has at most ${LONGEST_REASON} bytes, not ${bytes.length}`)
  }
  const payload = Buffer.allocUnsafe(2 + bytes.length)
  payload.writeUInt16BE(code)
  payload.set(bytes, 2)
  return payload
}

/** What a close frame says; an error code and text if it is not valid. */
export type CloseFrame =
  | { readonly code: number; readonly reason: Buffer; readonly problem?: undefined }
  | { readonly code: typeof PROTOCOL_ERROR | typeof INVALID_DATA; readonly problem: string }

/** Reads the payload of a close frame, which does not have exactly one byte. */
export function readClose(payload: Buffer): CloseFrame {
  if (payload.length === 0) return { code: NO_CODE, reason: payload }
  const code = payload.readUInt16BE(0)
  if (!isCloseCode(code)) return { code: PROTOCOL_ERROR, problem: `invalid status code ${code}` }
  const reason = payload.subarray(2)
  return isUtf8(reason) ? { code, reason } : { code: INVALID_DATA, problem: 'invalid UTF-8 sequence' }
}
