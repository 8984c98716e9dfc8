import type { Server } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { canPost, isClusterAdapter, keepsSessions } from '../adapter-features.js'
import { decodeArguments, encodeArguments } from './event-text.js'
import type { NodeRequests } from './node-requests.js'
import { REMOTE_KINDS, type RemoteDetails } from './remote-kinds.js'
import { writeTarget } from './remote-target.js'

/*
 * The sockets of the other nodes at an address, which need not be live on this node. Each call is one message to all nodes, by the
 * root namespace; remote-answers.ts carries it out there.
 */

/** The calls to the sockets of other nodes. */
export interface RemoteSockets {
  /** Nothing is sent on a single node. */
  emit(address: string, packet: Packet, opts: BroadcastOptions): void
  /**
   * Emits, and calls `ack` with each answer of a client.
   *
   * @returns resolves to the number of clients that were asked, when all of them have answered or the timeout is over
   */
  ask(address: string, packet: Packet, opts: BroadcastOptions, ack: (answer: unknown) => void): Promise<number>
  change(kind: 'join' | 'leave', address: string, opts: BroadcastOptions, rooms: readonly string[]): void
  disconnect(address: string, opts: BroadcastOptions, isClosing: boolean): void
  fetch(address: string, opts: BroadcastOptions): Promise<RemoteDetails[]>
}

/** The flags of an emit that waits for answers. `expectSingleResponse`: it is for one socket. */
interface AskFlags {
  readonly timeout?: number
  readonly expectSingleResponse?: boolean
}

/** An adapter whose nodes read one stream for all namespaces: what its class implements for ClusterAdapter. */
interface StreamAdapter {
  readonly uid: string
  doPublish(message: object): Promise<unknown>
}

// As Socket.IO's own adapters wait.
const FETCH_TIMEOUT_MS = 5_000
// For the way to the other node and back, after its clients have had their time.
const WAY_MS = 1_000
/** The type of a broadcast between ClusterAdapters. */
const BROADCAST = 3

export function createRemoteSockets(io: Server, requests: NodeRequests): RemoteSockets {
  const root = io.of('/')

  return {
    emit(address, packet, opts) {
      const { adapter } = root
      if (canPost(adapter)) return adapter.postTo(address, { ...packet, nsp: address }, opts)
      if (keepsSessions(adapter)) return publish(adapter as unknown as StreamAdapter, address, packet, opts)
      if (!isClusterAdapter(adapter)) return
      requests.tell(REMOTE_KINDS.emit, [writeTarget(address, opts), encodeArguments(packet.data as unknown[])])
    },

    async ask(address, packet, opts, ack) {
      const { timeout = FETCH_TIMEOUT_MS, expectSingleResponse } = { ...opts.flags } as AskFlags
      let clients = 0
      const body = [writeTarget(address, opts), encodeArguments(packet.data as unknown[]), timeout]
      await requests.ask(REMOTE_KINDS.ask, body, timeout + WAY_MS, (answer) => {
        const [count, encoded] = answer as [number, string[]]
        clients += count
        for (const each of decodeArguments(encoded)) ack(each)
        return expectSingleResponse === true && count > 0
      })
      return clients
    },

    change(kind, address, opts, rooms) {
      requests.tell(REMOTE_KINDS[kind], [writeTarget(address, opts), rooms])
    },

    disconnect(address, opts, isClosing) {
      requests.tell(REMOTE_KINDS.disconnect, [writeTarget(address, opts), isClosing])
    },

    async fetch(address, opts) {
      const found: RemoteDetails[] = []
      await requests.ask(REMOTE_KINDS.fetch, [writeTarget(address, opts)], FETCH_TIMEOUT_MS, (answer) => {
        const [details] = decodeArguments(answer) as [RemoteDetails[]]
        found.push(...details)
        return false
      })
      return found
    },
  }
}

/** Adds an emit to the stream, from which a lost session gets what it has missed: the message that the address's adapter would send. */
function publish(adapter: StreamAdapter, address: string, packet: Packet, opts: BroadcastOptions): void {
  const [, rooms, except] = writeTarget(address, opts)
  const data = { packet: { ...packet, nsp: address }, opts: { rooms, except, flags: opts.flags } }
  // Its rejection is reported by outgoing-guard.ts.
  adapter.doPublish({ uid: adapter.uid, nsp: address, type: BROADCAST, data }).then(undefined, () => {})
}
