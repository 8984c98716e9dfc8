/** An error as a client receives it: `error` of an ack, or `message` and `data` of a `connect_error`. */
export interface WireError {
  /** E.g. `FST_NSP_EVENT_INVALID`, or the code of a declared error. */
  readonly code: string
  /** An HTTP status, e.g. 400. */
  readonly statusCode: number
  /** One sentence. For `FST_NSP_INTERNAL` it never has the text of the original error. */
  readonly message: string
  /**
   * For an invalid payload, each problem with its place as a JSON pointer. For a declared error, its data. For
   * `FST_NSP_INTERNAL`, the id of the log line.
   */
  readonly details?: unknown
}
