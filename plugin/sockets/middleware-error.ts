import { toWireError, type WireError } from '../shared/client-error.js'

/*
 * An error as Socket.IO wants it in the next(error) of a namespace's middleware: its message and `data` are what the client's
 * connect_error has.
 */

export function connectError(error: unknown, told: WireError = toWireError(error)): Error {
  const { message, ...data } = told
  return Object.assign(new Error(message), { data })
}

/** What Socket.IO would read of an error of the application; undefined for what is none, or can't be read. */
export function copyRefusal(error: unknown): Error | undefined {
  try {
    if (!(error instanceof Error)) return undefined
    const { data } = error as { data?: unknown }
    return Object.assign(new Error(error.message), data !== undefined && { data })
  } catch {
    return undefined
  }
}
