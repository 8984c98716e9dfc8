/*
 * Errors in the log, whatever they are: a logger looks at what was thrown, and some things can't be looked at.
 */

/** What we need of a log. */
export interface ErrorLog {
  error(fields: object, message: string): void
}

/** Logs what was thrown; without it where even that throws. */
export function logError(log: ErrorLog, error: unknown, fields: object, message: string): void {
  try {
    log.error({ err: error, ...fields }, message)
  } catch {
    log.error(fields, `${message}, with an error that can not be logged`)
  }
}
