import type { Socket } from 'socket.io'
import { type Described, findDifference } from '../joining/contract-difference.js'
import { writePacket } from '../wire/packet-codec.js'
import { PacketType } from '../wire/socket-io-packages.js'

/*
 * Tells a client that has joined that its contract is not that of the server.
 */

/** The emit with both hashes, just after the CONNECT packet. A wire format. */
const CONTRACT_EMIT = 'namespace:contract'

export function tellDifference({ conn, nsp, handshake }: Socket, described: Described): void {
  const difference = findDifference(described, handshake.auth)
  // Written directly: it is not recorded for recovery, and no definition declares it.
  if (difference)
    writePacket(nsp.server, conn, { type: PacketType.EVENT, nsp: nsp.name, data: [CONTRACT_EMIT, difference] })
}
