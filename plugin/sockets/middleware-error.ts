import { toWireError } from '../shared/client-error.js'
import type { WireError } from '../shared/wire-error.js'

/*
 * Errors for next(error) of a namespace's middleware, as Socket.IO expects them: the client's connect_error has their message
 * and `data`.
 */

/** Creates the error from the client's error. */
export function connectError(error: unknown, told: WireError = toWireError(error)): Error {
  const { message, ...data } = told
  return Object.assign(new Error(message), { data })
}

/** Copies what Socket.IO reads of an error of the application; undefined for other values, or if reading it throws. */
export function copyRefusal(error: unknown): Error | undefined {
  try {
    if (!(error instanceof Error)) return undefined
    const { data } = error as { data?: unknown }
    return Object.assign(new Error(error.message), data !== undefined && { data })
  } catch {
    return undefined
  }
}
