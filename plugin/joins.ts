import type { FastifyRequest } from 'fastify'

/*
 * What a connection has joined, and what it is on the way to.
 */

/** What has been admitted. */
export interface Ticket {
  readonly request: FastifyRequest | undefined
  readonly isHeld: boolean
}

interface Joining {
  count: number
  /** By the addresses that it is on the way to: their tickets, once they are admitted. No Map for none. */
  pending: Map<string, Ticket | undefined> | undefined
}

const JOINING = Symbol('joining')

export function joiningOf(connection: object): Joining {
  const joins = connection as { [JOINING]?: Joining }
  joins[JOINING] ??= { count: 0, pending: undefined }
  return joins[JOINING]
}

/** It is no longer on the way: it has come to an address, or was refused there. */
export function arrive(connection: object, address: string): void {
  const joining = joiningOf(connection)
  joining.pending?.delete(address)
  if (joining.pending?.size === 0) joining.pending = undefined
}
