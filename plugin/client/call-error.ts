/*
 * The one error of the client: of a call, a stream or a join. The server's errors keep their codes; those that the client makes
 * itself are listed here.
 */

const CLIENT_ERRORS = {
  NSP_CLIENT_TIMEOUT: [504, 'There was no answer in time'],
  NSP_CLIENT_OFFLINE: [503, 'There is no connection'],
  NSP_CLIENT_ABORTED: [499, 'Aborted by the application'],
  NSP_CLIENT_LEFT: [410, 'The application has left the namespace'],
  NSP_CLIENT_WAITING_LIMIT: [429, 'Too many calls wait: see maxWaiting'],
  NSP_CLIENT_DISCONNECTED: [403, 'The server has disconnected this client'],
  NSP_CLIENT_AUTH: [401, '`auth` has failed: see `cause`'],
} as const

/** The codes of errors that the client makes itself. */
export type ClientErrorCode = keyof typeof CLIENT_ERRORS

/** An error as the server sends it: of an ack, a connect_error or `namespace:disconnect`. */
interface SentError {
  readonly code?: unknown
  readonly statusCode?: unknown
  readonly message?: unknown
  readonly details?: unknown
}

/** What an error of any server may have in place of a text or a number: an object has no text for certain. */
function primitive(value: unknown): unknown {
  return Object(value) === value ? undefined : value
}

/**
 * Why a call, a stream or a join has failed. `code` is a code of the server's ack, or one that begins with `NSP_CLIENT_`.
 *
 * @example
 * try {
 *   await chat.call('room:join', { room: 'lobby' })
 * } catch (error) {
 *   if (error instanceof CallError && error.code === 'ROOM_FULL') console.log(error.details)
 * }
 */
export class CallError extends Error {
  override readonly name = 'CallError'
  /** E.g. `FST_NSP_EVENT_INVALID`, `NSP_CLIENT_TIMEOUT`, or the code of a declared error. */
  readonly code: string
  /** An HTTP status, e.g. 400. */
  readonly statusCode: number
  /** The data of a declared error; for an invalid payload, each problem with its place. */
  readonly details: unknown
  /** The name of the event; undefined for the error of a join. */
  readonly event: string | undefined

  constructor({ code, statusCode, message, details }: SentError, event?: string, cause?: unknown) {
    super(String(primitive(message)), cause === undefined ? undefined : { cause })
    this.code = String(primitive(code))
    this.statusCode = Number(primitive(statusCode))
    this.details = details
    this.event = event
  }
}

/**
 * Creates an error of the client itself.
 *
 * @param isSent - whether the event has been sent: the server may have handled it then. It becomes `details.isSent`.
 */
export function clientError(code: ClientErrorCode, cause?: unknown, event?: string, isSent?: boolean): CallError {
  const [statusCode, message] = CLIENT_ERRORS[code]
  if (isSent === undefined) return new CallError({ code, statusCode, message }, event, cause)
  const told = `${message}: the event ${isSent ? 'may have been handled' : 'was not sent'}`
  return new CallError({ code, statusCode, message: told, details: { isSent } }, event, cause)
}

/** The error of a call or a stream whose namespace is refused. */
export function refusalOf(error: CallError, event: string, isSent: boolean): CallError {
  if (error.code === 'NSP_CLIENT_OFFLINE') return clientError(error.code, error, event, isSent)
  return new CallError(error, event, error)
}

/** The error of an ack; undefined for the ack of a success. */
export function errorOfAck(ack: unknown, event: string): CallError | undefined {
  const { ok, error } = Object(ack)
  return ok === false ? new CallError(Object(error), event) : undefined
}

/** The data of an ack. A listener of the application may ack with something else, which is the data then. */
export function dataOfAck(ack: unknown): unknown {
  return Object(ack).ok === true ? (ack as { readonly data: unknown }).data : ack
}

/** Whether an error is a CallError of an event. */
export function isErrorOf(event: string, error: unknown): boolean {
  return error instanceof CallError && error.event === event
}
