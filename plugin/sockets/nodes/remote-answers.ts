import type { Server, Socket } from 'socket.io'
import type { Packet } from 'socket.io-parser'
import type { EmitCheck } from '../../events/emits/check-emit.js'
import { toSendable } from '../../shared/json-value.js'
import { PacketType } from '../../wire/socket-io-packages.js'
import { decodeArguments, encodeArguments } from './event-text.js'
import type { NodeRequests } from './node-requests.js'
import { REMOTE_KINDS, type RemoteDetails } from './remote-kinds.js'
import { type LiveTarget, readTarget } from './remote-target.js'

/*
 * Carries out what another node asks about the sockets of an address: for those of this node. An address that is not live here has
 * none, and stays as it is. What was emitted is checked already, by the node that emitted it.
 */

/** A socket with the acks that it waits for. */
interface WithAcks {
  readonly acks: Map<number | undefined, unknown>
}

const NOBODY = [0, encodeArguments([])]

export function answerNodes(io: Server, requests: NodeRequests, { skip }: Pick<EmitCheck, 'skip'>): void {
  /** Calls `call` if the address of a request is live here. */
  function on(kind: string, call: (target: LiveTarget, ...rest: unknown[]) => unknown, otherwise?: unknown): void {
    requests.answer(kind, (request) => {
      const [target, ...rest] = request as unknown[]
      const live = readTarget(io, target)
      return live ? call(live, ...rest) : otherwise
    })
  }

  on(REMOTE_KINDS.emit, ({ namespace: { adapter }, opts }, data) => skip(() => adapter.broadcast(packetOf(data), opts)))

  on(
    REMOTE_KINDS.ask,
    ({ namespace: { adapter, sockets }, opts }, data, timeoutMs) => {
      const packet = packetOf(data)
      const answers: unknown[] = []
      let clients = 0
      // Until they are counted, it is not known whether all have answered.
      let due = Number.POSITIVE_INFINITY
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer)
          for (const socket of sockets.values()) (socket as unknown as WithAcks).acks.delete(packet.id)
          resolve([clients, encodeArguments(answers)])
        }
        const timer = setTimeout(end, Number(timeoutMs))
        const count = (of: number) => {
          // Some adapters count others, too: as none.
          clients = Math.max(clients, of)
          due = clients
          if (answers.length >= due) end()
        }
        const ack = (answer: unknown) => {
          answers.push(answer)
          if (answers.length >= due) end()
        }
        skip(() => adapter.broadcastWithAck(packet, opts, count, ack))
      })
    },
    NOBODY,
  )

  on(REMOTE_KINDS.join, ({ namespace: { adapter }, opts }, rooms) => adapter.addSockets(opts, rooms as string[]))
  on(REMOTE_KINDS.leave, ({ namespace: { adapter }, opts }, rooms) => adapter.delSockets(opts, rooms as string[]))
  on(REMOTE_KINDS.disconnect, ({ namespace: { adapter }, opts }, isClosing) =>
    adapter.disconnectSockets(opts, isClosing === true),
  )

  on(
    REMOTE_KINDS.fetch,
    async ({ namespace: { adapter }, opts }) => {
      const sockets = (await adapter.fetchSockets(opts)) as Socket[]
      return encodeArguments([sockets.map(detailsOf)])
    },
    encodeArguments([[]]),
  )
}

/** @throws TypeError for what is no event */
function packetOf(encoded: unknown): Packet {
  const data = decodeArguments(encoded)
  if (typeof data[0] !== 'string') throw new TypeError('Not an event')
  // Its namespace and its id are set by the adapter.
  return { type: PacketType.EVENT, data } as Packet
}

function detailsOf({ id, handshake, rooms, data }: Socket): RemoteDetails {
  const { time, address, xdomain, secure, issued, url } = handshake
  const [path = ''] = url.split('?')
  const slim: RemoteDetails['handshake'] = {
    headers: {},
    query: {},
    auth: {},
    time,
    address,
    xdomain,
    secure,
    issued,
    url: path,
  }
  return { id, handshake: slim, rooms: [...rooms], data: sendableOf(data) }
}

function sendableOf(data: unknown): unknown {
  try {
    return toSendable(data)
  } catch {
    return undefined
  }
}
