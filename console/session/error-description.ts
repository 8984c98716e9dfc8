import { CallError } from '../../plugin/client.js'

/** What the log shows of an error. */
export function describeError({ code, statusCode, message, details, cause }: CallError): object {
  return {
    code,
    statusCode,
    message,
    ...(details !== undefined && { details }),
    ...(cause instanceof Error && { cause: cause.message }),
  }
}

/** An error of a join in words that say why: that of an `auth` which can't be read is in its cause only. */
export function explainError(error: CallError): CallError {
  const { code, statusCode, cause } = error
  if (code !== 'NSP_CLIENT_AUTH' || !(cause instanceof Error)) return error
  return new CallError({ code, statusCode, message: cause.message }, undefined, cause)
}

/** The error of an event that can't be encoded, or whose name is reserved. */
export function unsentError(cause: unknown, event: string): CallError {
  return new CallError({ code: 'NSP_CONSOLE_UNSENT', statusCode: 400, message: messageOf(cause) }, event, cause)
}

/** The error of a join whose address can't be written. */
export function paramsError(cause: unknown): CallError {
  return new CallError({ code: 'NSP_CONSOLE_PARAMS', statusCode: 400, message: messageOf(cause) }, undefined, cause)
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
