/*
 * Logs errors that may throw when they are serialized, e.g. an object with a throwing getter.
 */

/** The part of a logger that is used here. */
export interface ErrorLog {
  error(fields: object, message: string): void
}

/** Logs an error. If serializing it throws, logs the line without it. */
export function logError(log: ErrorLog, error: unknown, fields: object, message: string): void {
  try {
    log.error({ err: error, ...fields }, message)
  } catch {
    log.error(fields, `${message}, with an error that can not be serialized`)
  }
}
