import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { type EncodedEmit, isTooLong, type RetainedMark } from '../shared/retained-emits.js'
import type { ClusterNode } from './cluster-node.js'
import {
  type ChangeItem,
  changeFields,
  type EmitItem,
  emitFields,
  roomNames,
  serverEmitFields,
} from './log/log-item.js'
import { decodeValue } from './log/log-packet.js'
import { retainedChange } from './retained/retained-change.js'

/*
 * The sockets of an address on other nodes. The address need not be live on this one.
 */

/** Encodes an emit as Socket.IO's own encoder does. Throws FST_NSP_EMIT_INVALID. */
export type EncodePacket = (packet: Packet) => unknown[]

/** A socket of another node, as `fetchSockets()` gets it. */
export interface FetchedSocket {
  readonly id: string
  readonly rooms: readonly string[]
  readonly data: unknown
  readonly handshake: object
}

/** What a node that is asked for the answers of its clients is told: see BrokerAdapter. */
export interface AskedBroadcast {
  readonly broadcast: number
  /** Delivered when this entry of the asking node has been read, so that it is not before what was emitted earlier. */
  readonly after: number
  readonly fields: readonly unknown[]
  readonly timeoutMs: number
}

// The part of a broadcast's timeout in which a node must have delivered it.
const SHARE = 0.75
const DEFAULT_TIMEOUT_MS = 10_000
const NO_ROOMS: ReadonlySet<string> = new Set()

export class RemoteAddress {
  readonly #node: ClusterNode
  readonly #address: string
  readonly #encode: EncodePacket

  constructor(node: ClusterNode, address: string, encode: EncodePacket) {
    this.#node = node
    this.#address = address
    this.#encode = encode
  }

  /**
   * Emits to the sockets of all nodes, those of this one included, by the log.
   *
   * @returns what will be read from there; undefined for what is volatile, without the broker
   * @throws FST_NSP_EMIT_INVALID, FST_NSP_ROOM_INVALID and FST_NSP_BROKER_BACKLOG
   */
  emit(packet: Packet, opts: BroadcastOptions): EmitItem | undefined {
    const isVolatile = opts.flags?.volatile === true
    const encoded = this.#encode(packet)
    if (isVolatile && !this.#node.isConnected) return undefined
    const [text, ...attachments] = encoded as [string, ...Buffer[]]
    const { rooms, except = NO_ROOMS, flags } = opts
    const { retain } = { ...flags } as { readonly retain?: RetainedMark }
    if (retain) this.#postRetained(retain, { text, attachments }, opts)
    else this.#node.post(this.#address, emitFields(encoded as string[], opts), !isVolatile)
    return { kind: 'emit', text, attachments, rooms, except, isVolatile, compress: flags?.compress }
  }

  #postRetained(mark: RetainedMark, encoded: EncodedEmit, opts: BroadcastOptions): void {
    const isLong = isTooLong(encoded)
    if (isLong) this.#node.report(new RangeError(`${mark.emit} has more than 65,536 bytes`), 'an emit was not kept')
    const retain = isLong ? { ...mark, isRemoval: true } : mark
    const [room] = opts.rooms
    const fields = emitFields([encoded.text, ...encoded.attachments], { ...opts, flags: { ...opts.flags, retain } })
    this.#node.post(this.#address, fields, true, [retainedChange(this.#address, room as string, retain, encoded)])
  }

  /** Lets sockets of all nodes join or leave rooms, or disconnects them, by the log. */
  change(kind: ChangeItem['kind'], opts: BroadcastOptions, names: readonly string[], isClosing?: boolean): void {
    this.#node.post(this.#address, changeFields(kind, opts, names, isClosing), false)
  }

  /** Emits on all other nodes, by the log. With a callback at the end, asks them; it gets the answers of those that have a listener. */
  serverSideEmit(data: unknown[]): void {
    const ack = data.at(-1)
    if (typeof ack !== 'function') {
      this.#node.post(this.#address, serverEmitFields(data), false)
      return
    }
    void this.#node.requests.ask(this.#address, 'server', data.slice(0, -1)).then(({ answers }) => {
      const given = [...answers.values()].flatMap((answer) => (Array.isArray(answer) ? answer : []))
      ack(null, given)
    })
  }

  /** The sockets of other nodes. */
  async fetch({ rooms, except, flags }: BroadcastOptions): Promise<FetchedSocket[]> {
    const asked = [roomNames(rooms), roomNames(except)]
    const { answers } = await this.#node.requests.ask(this.#address, 'fetch', asked, flags?.timeout)
    return [...answers.values()].flatMap((answer) => (Array.isArray(answer) ? (answer as FetchedSocket[]) : []))
  }

  /**
   * Emits to the sockets of other nodes, and asks for their answers.
   *
   * @param onShare - called once for each node, with the number of its clients that have answered, when all have; or when the node
   * is left out
   * @throws FST_NSP_EMIT_INVALID
   */
  ask(
    packet: Packet,
    opts: BroadcastOptions,
    onShare: (clients: number) => void,
    onAnswer: (answer: unknown) => void,
  ): void {
    const { requests, answers, requestTimeoutMs, lastNumberOf } = this.#node
    const fields = emitFields(this.#encode(packet) as string[], opts)
    const timeoutMs = opts.flags?.timeout ?? DEFAULT_TIMEOUT_MS
    const answered = new Map<string, number>()
    const expected = new Map<string, number>()
    const countOf = (node: string) => answered.get(node) ?? 0
    const check = (node: string) => {
      const count = countOf(node)
      if (expected.get(node) !== count) return
      expected.delete(node)
      onShare(count)
    }
    const broadcast = answers.expect({
      receive(node, answer) {
        answered.set(node, countOf(node) + 1)
        onAnswer(decodeValue(answer))
        check(node)
      },
      lose(node) {
        if (expected.has(node)) expected.set(node, countOf(node))
        check(node)
      },
    })
    setTimeout(() => answers.forget(broadcast), timeoutMs).unref()
    const asked: AskedBroadcast = { broadcast, after: lastNumberOf(this.#address), fields, timeoutMs }
    const share = Math.min(requestTimeoutMs, timeoutMs * SHARE)
    void requests.ask(this.#address, 'ask', asked, share, (count, node) => {
      expected.set(node, typeof count === 'number' ? count : countOf(node))
      check(node)
    })
  }
}
