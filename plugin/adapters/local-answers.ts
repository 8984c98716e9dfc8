import type { Namespace, Socket } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import type { ClusterNode } from './cluster-node.js'
import { readItem } from './log/log-item.js'
import { decodeEvent, encodeValue } from './log/log-packet.js'
import type { AskedBroadcast, FetchedSocket } from './remote-address.js'

/*
 * Answers what other nodes ask about the sockets of this one: see RemoteAddress, which asks.
 */

/** The adapter of a live address. */
export interface LocalSockets {
  readonly nsp: Namespace
  /** The sockets of this node. */
  fetchHere(opts: BroadcastOptions): Promise<Socket[]>
  /** Emits to the sockets of this node, and asks for their answers. */
  askHere(
    packet: Packet,
    opts: BroadcastOptions,
    onShare: (clients: number) => void,
    onAnswer: (answer: unknown) => void,
  ): void
}

/**
 * Answers a question about a live address.
 *
 * @param from - the node that asks
 * @throws for what no node of this version asks
 */
export function answerRequest(
  adapter: LocalSockets,
  node: ClusterNode,
  kind: string,
  data: unknown,
  from: string,
): unknown {
  const namespace: Namespace = adapter.nsp
  switch (kind) {
    case 'fetch':
      return fetchHere(adapter, data as [string[], string[]])
    case 'server':
      return emitHere(namespace, data as [string, ...unknown[]])
    case 'ask':
      return askHere(adapter, node, data as AskedBroadcast, from)
    default:
      throw new TypeError('The question is unknown')
  }
}

async function fetchHere(adapter: LocalSockets, [rooms, except]: [string[], string[]]): Promise<FetchedSocket[]> {
  return (await adapter.fetchHere({ rooms: new Set(rooms), except: new Set(except) })).map(detailsOf)
}

/** A handshake has cookies and tokens: they stay here. */
function detailsOf({ id, rooms, data, handshake }: Socket): FetchedSocket {
  const { time, address, xdomain, secure, issued } = handshake
  const shared = { headers: {}, query: {}, auth: {}, url: '', time, address, xdomain, secure, issued }
  return { id, rooms: [...rooms], data: dataOf(data), handshake: shared }
}

/** `data` as JSON; nothing of it if JSON can't express it. */
function dataOf(data: unknown): unknown {
  try {
    JSON.stringify(data)
    return data
  } catch {
    return {}
  }
}

/** Resolves with an array of one answer; of none if nothing listens. */
function emitHere(namespace: Namespace, data: [string, ...unknown[]]): Promise<unknown[]> | unknown[] {
  if (namespace.listenerCount(data[0]) === 0) return []
  return new Promise((resolve) => namespace._onServerSideEmit([...data, (answer: unknown) => resolve([answer])]))
}

/** Resolves with the number of sockets that are asked. */
function askHere(adapter: LocalSockets, node: ClusterNode, asked: AskedBroadcast, from: string): Promise<number> {
  const { broadcast, after, fields, timeoutMs } = asked
  const namespace: Namespace = adapter.nsp
  const item = readItem(fields)
  if (item?.kind !== 'emit') throw new TypeError('It is not an emit')
  const { rooms, except } = item
  const packet = decodeEvent(item, namespace.name, undefined)
  return new Promise((resolve) => {
    node.logOf(namespace.name).whenSeen(from, after, () => {
      adapter.askHere(packet, { rooms, except } as BroadcastOptions, resolve, (answer: unknown) =>
        node.answers.send(from, broadcast, encodeValue(answer)),
      )
      setTimeout(forget, Number(timeoutMs), namespace, Number(packet.id)).unref()
    })
  })
}

/** Nobody waits any longer for answers that have not come. */
function forget(namespace: Namespace, id: number): void {
  for (const { acks } of namespace.sockets.values() as Iterable<{ acks: Map<number, unknown> }>) acks.delete(id)
}
