import type { Socket } from 'socket.io'
import type { Write } from '../../schema/stringify.js'
import { carriesBinary } from '../../shared/json-value.js'
import { encodePacket } from '../../wire/packet-codec.js'
import { openEventText } from '../../wire/packet-text.js'
import { PacketType } from '../../wire/socket-io-packages.js'
import type { ItemId } from './stream-options.js'

/*
 * Writes the items of one stream straight to the connection: no adapter, and so no recovery, ever sees one.
 */

const ITEM = 'namespace:item'

/** Characters of items that may wait to be written to the connection. */
const MOST_UNWRITTEN = 65_536

/** A text, or an attachment. */
type Part = string | NodeJS.ArrayBufferView | ArrayBuffer

export class ItemWriter {
  readonly #socket: Socket
  readonly #id: string
  readonly #write: Write | undefined
  readonly #whenWritten: () => void
  /** The beginning of each item's text; undefined for packets of another parser. */
  readonly #head: string | undefined
  #unwritten = 0
  /** Whether the connection has not yet written what it was given. Until `whenWritten` is called, no item should be sent. */
  isFull = false

  /**
   * @param id - of the stream
   * @param write - serializes an item, if its schema allows it
   * @param isText - whether packets are texts of Socket.IO's own parser
   */
  constructor(socket: Socket, id: string, write: Write | undefined, isText: boolean, whenWritten: () => void) {
    this.#socket = socket
    this.#id = id
    this.#write = write
    this.#whenWritten = whenWritten
    this.#head = isText ? openEventText(socket.nsp.name, ITEM, id) : undefined
  }

  /** @throws if the item can't be encoded */
  send(item: unknown, itemId: ItemId | undefined): void {
    const json = this.#head === undefined ? undefined : (this.#write?.(item) ?? toJson(item))
    if (json === undefined) for (const part of this.#encode(item, itemId)) this.#give(part)
    else this.#give(`${this.#head},${json}${itemId === undefined ? '' : `,${JSON.stringify(itemId)}`}]`)
  }

  #encode(item: unknown, itemId: ItemId | undefined): readonly Part[] {
    const { nsp } = this.#socket
    const data = itemId === undefined ? [ITEM, this.#id, item] : [ITEM, this.#id, item, itemId]
    return encodePacket(nsp.server, { type: PacketType.EVENT, nsp: nsp.name, data })
  }

  #give(part: Part): void {
    const { conn } = this.#socket
    this.#unwritten += typeof part === 'string' ? part.length : part.byteLength
    if (this.#unwritten < MOST_UNWRITTEN) {
      conn.write(part)
      return
    }
    this.#unwritten = 0
    this.isFull = true
    conn.write(part, undefined, () => {
      this.isFull = false
      this.#whenWritten()
    })
  }
}

/** Returns undefined for an item with attachments. */
function toJson(item: unknown): string | undefined {
  return carriesBinary(item) ? undefined : (JSON.stringify(item) ?? 'null')
}
