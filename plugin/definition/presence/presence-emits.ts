/*
 * The names that presence has on the wire. It imports nothing, because front ends hash their contracts.
 */

/** A wire format. */
export const PRESENCE_EMITS = { state: 'presence:state', change: 'presence:change' } as const

/** The event of a client that wants to be told again who is here. Its payload is the name of a room, or nothing. */
export const PRESENCE_FOLLOW = 'presence:follow'
