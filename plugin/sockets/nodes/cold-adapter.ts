import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import type { RetainedPlaces } from '../retained/retained-places.js'
import type { RemoteSockets } from './remote-sockets.js'

/*
 * Stands in for the adapter of an address that is not live on this node: nobody is there, so that there is nothing to make. What is
 * for the sockets of other nodes is sent to them.
 */

/** The members of an adapter that operators call. */
export interface ColdAdapter {
  /** The operators look for sockets whose answer has not come. */
  readonly nsp: { readonly sockets: ReadonlyMap<string, never> }
  broadcast(packet: Packet, opts: BroadcastOptions): void
  broadcastWithAck(
    packet: Packet,
    opts: BroadcastOptions,
    count: (clients: number) => void,
    ack: (answer: unknown) => void,
  ): void
  addSockets(opts: BroadcastOptions, rooms: string[]): void
  delSockets(opts: BroadcastOptions, rooms: string[]): void
  disconnectSockets(opts: BroadcastOptions, isClosing: boolean): void
  fetchSockets(opts: BroadcastOptions): Promise<unknown[]>
  serverCount(): Promise<number>
}

const NO_SOCKETS = new Map<string, never>()

/**
 * Creates the adapter of a cold address.
 *
 * @param check - checks an emit without acks; one with acks is checked before
 */
export function createColdAdapter(
  address: string,
  remote: RemoteSockets,
  check: (event: string, args: unknown[]) => unknown[],
  retained: Pick<RetainedPlaces, 'emit'>,
): ColdAdapter {
  const isAnywhere = ({ flags }: BroadcastOptions) => !flags?.local
  return {
    nsp: { sockets: NO_SOCKETS },
    broadcast(packet, opts) {
      const [event, ...args] = packet.data as [string, ...unknown[]]
      const data = [event, ...check(event, args)]
      if (isAnywhere(opts))
        retained.emit(address, data, opts, (given) => remote.emit(address, { ...packet, data }, given))
    },
    broadcastWithAck(packet, opts, count, ack) {
      const asked = isAnywhere(opts) ? remote.ask(address, packet, opts, ack) : Promise.resolve(0)
      void asked.then(count)
    },
    addSockets: (opts, rooms) => remote.change('join', address, opts, rooms),
    delSockets: (opts, rooms) => remote.change('leave', address, opts, rooms),
    disconnectSockets(opts, isClosing) {
      if (isAnywhere(opts)) remote.disconnect(address, opts, isClosing)
    },
    fetchSockets: async (opts) => (isAnywhere(opts) ? remote.fetch(address, opts) : []),
    // This one counts the clients of all nodes.
    serverCount: async () => 1,
  }
}
