import type { Namespace } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { RemoteSockets } from '../nodes/remote-sockets.js'

/*
 * Lets an adapter ask the other nodes as the plugin does. By Socket.IO's own adapters, one node that is slow or stopped fails the
 * call, whoever has answered; and every fetched socket is sent with its cookies and tokens.
 */

/** Socket.IO's own flag, for an emit to one socket of another node. */
interface AnsweredOptions extends BroadcastOptions {
  flags?: BroadcastOptions['flags'] & { readonly expectSingleResponse?: boolean }
}

/** Replaces `fetchSockets`, and `broadcastWithAck` to one remote socket, of an adapter that connects nodes. */
export function askRemote(adapter: Namespace['adapter'], remote: Pick<RemoteSockets, 'fetch' | 'ask'>): void {
  const { name } = adapter.nsp
  const { fetchSockets, broadcastWithAck } = adapter

  adapter.fetchSockets = async (opts) => {
    const [here, there] = await Promise.all([
      fetchSockets.call(adapter, { ...opts, flags: { ...opts.flags, local: true } }),
      opts.flags?.local ? [] : remote.fetch(name, opts),
    ])
    return [...here, ...there]
  }

  adapter.broadcastWithAck = (packet, opts: AnsweredOptions, count, ack) => {
    const { local, expectSingleResponse } = opts.flags ?? {}
    if (!local && !expectSingleResponse) return broadcastWithAck.call(adapter, packet, opts, count, ack)
    // Socket.IO waits for the count of every node.
    const countAll = async (clients: number) => {
      const nodes = await adapter.serverCount()
      count(clients)
      for (let others = nodes - 1; others > 0; others--) count(0)
    }
    if (local) return broadcastWithAck.call(adapter, packet, opts, countAll, ack)
    void remote.ask(name, packet, opts, ack).then(countAll)
  }
}
