import type { NodeSettings } from './node.js'

/*
 * What the applications of all contenders share.
 */

/** What a client says to its room. */
export interface Said {
  readonly client: number
  readonly number: number
}

/** Options of Socket.IO. */
export function ioOptions({ ping, recoveryMs }: NodeSettings) {
  return {
    ...ping,
    transports: ['websocket' as const],
    connectionStateRecovery: { maxDisconnectionDuration: recoveryMs },
    cleanupEmptyChildNamespaces: true,
  }
}

export const roomOf = (client: number, roomSize: number): string => `room ${Math.floor(client / roomSize)}`
