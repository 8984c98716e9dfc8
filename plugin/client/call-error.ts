/*
 * The one error of the client: of a call, a stream or a join. The server's errors keep their codes; those that the client makes
 * itself are listed here.
 */

const CLIENT_ERRORS = {
  TIMEOUT: [504, 'No answer in time'],
  OFFLINE: [503, 'No connection'],
  ABORTED: [499, 'Aborted by the application'],
  LEFT: [410, 'Left by the application'],
  WAITING_LIMIT: [429, 'Too many calls wait: see maxWaiting'],
  DISCONNECTED: [403, 'Disconnected by the server'],
  AUTH: [401, '`auth` failed: see `cause`'],
} as const

/** Why the client itself makes an error. */
export type ClientReason = keyof typeof CLIENT_ERRORS

/** The codes of errors that the client makes itself. */
export type ClientErrorCode = `NSP_CLIENT_${ClientReason}`

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
  declare readonly code: string
  /** An HTTP status, e.g. 400. */
  declare readonly statusCode: number
  /** The data of a declared error; for an invalid payload, each problem with its place. */
  declare readonly details: unknown
  /** The name of the event; undefined for the error of a join. */
  declare readonly event: string | undefined

  constructor({ code, statusCode, message, details }: SentError, event?: string, cause?: unknown) {
    super(String(primitive(message)), cause === undefined ? cause : { cause })
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
export function clientError(reason: ClientReason, cause?: unknown, event?: string, isSent?: boolean): CallError {
  let [statusCode, message]: readonly [number, string] = CLIENT_ERRORS[reason]
  if (event !== undefined) message += `: the event ${isSent ? 'may have been handled' : 'was not sent'}`
  const details = event && { isSent }
  return new CallError({ code: `NSP_CLIENT_${reason}`, statusCode, message, details }, event, cause)
}

/** The error of a call or a stream whose namespace is refused. */
export function refusalOf(error: CallError, event: string, isSent: boolean): CallError {
  return error.code === 'NSP_CLIENT_OFFLINE'
    ? clientError('OFFLINE', error, event, isSent)
    : new CallError(error, event, error)
}

/** Milliseconds that an error of the server asks a client to wait; 0 if it does not say. */
export function retryAfterOf(error: object | undefined): number {
  const delay = Object((error as SentError | undefined)?.details).retryAfterMs
  return typeof delay === 'number' ? delay : 0
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
