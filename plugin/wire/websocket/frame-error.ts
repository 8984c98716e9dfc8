import { INVALID_DATA, POLICY_VIOLATION, PROTOCOL_ERROR, TOO_BIG } from './close-code.js'

/*
 * Why a WebSocket closes a connection whose client breaks RFC 6455 or a limit. The texts are those of ws, which
 * has a code of its own for each kind of invalid frame.
 */

const CODES = {
  [PROTOCOL_ERROR]: 'WS_ERR_INVALID_FRAME',
  [INVALID_DATA]: 'WS_ERR_INVALID_UTF8',
  [POLICY_VIOLATION]: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
  [TOO_BIG]: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
} as const

/** The value of the `error` event of a WebSocket. */
export class FrameError extends Error {
  readonly code: string
  /** The code of the close frame that the client is sent. */
  readonly closeCode: number

  constructor(closeCode: keyof typeof CODES, message: string) {
    super(closeCode < POLICY_VIOLATION ? `Invalid WebSocket frame: ${message}` : message)
    this.closeCode = closeCode
    this.code = CODES[closeCode]
  }
}
