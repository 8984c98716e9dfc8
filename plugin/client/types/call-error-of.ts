import type { AckError, FailureOf } from '../../definition/client-types.js'
import type { ClientErrorCode } from '../call-error.js'
import type { EventForm } from './described-namespace.js'

/*
 * The type of the errors of one event.
 */

/** An error of the client itself: the event was not answered. */
interface ClientFailure extends AckError<ClientErrorCode> {
  /** Whether the event had been sent: the server may have handled it. */
  readonly details?: { readonly isSent: boolean }
}

/** What `CallError` has beside code, status, message and details. */
interface CallFailure extends Error {
  readonly event: string | undefined
}

/**
 * The errors of a call: those that the event declares, with their details; those of the plugin; those of the client.
 *
 * @example
 * function say(error: CallErrorOf<typeof chat, 'room:join'>) {
 *   if (error.code === 'ROOM_FULL') return `At most ${error.details.max}`
 *   return error.message
 * }
 */
export type CallErrorOf<Definition, Event> = (FailureOf<EventForm<Definition, Event>['errors']> | ClientFailure) &
  CallFailure
