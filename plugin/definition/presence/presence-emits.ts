/*
 * The emits of presence. It imports nothing, because front ends hash their contracts.
 */

/** A wire format. */
export const PRESENCE_EMITS = { state: 'presence:state', change: 'presence:change' } as const
