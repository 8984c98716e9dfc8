import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/*
 * A WebSocket client in memory: the connection of an upgrade, which notes what the server writes. It makes and splits frames by
 * itself, with nothing of the code that it tests.
 */

const MASK = [1, 2, 3, 4]
const END_OF_HEAD = '\r\n\r\n'

export class MemoryClient extends Duplex {
  /** The request of the upgrade. */
  readonly request = new IncomingMessage(this as unknown as Socket)
  #received = ''
  #isUpgraded = false
  #hear: ((frame: string) => void) | undefined

  /** @param url - path and query */
  constructor(url: string) {
    super()
    this.request.method = 'GET'
    this.request.url = url
    this.request.headers = {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
  }

  /**
   * Sends texts of less than 126 bytes each.
   *
   * @param cut - where their frames are cut into two chunks
   */
  say(texts: readonly string[], cut = 0): void {
    const bytes = Buffer.concat(texts.map(maskedFrame))
    if (cut > 0) this.push(bytes.subarray(0, cut))
    this.push(bytes.subarray(cut))
  }

  /** @returns the next frame that the server writes, as a latin1 string */
  hear(): Promise<string> {
    return new Promise((resolve) => {
      this.#hear = resolve
      this.#deliver()
    })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#received += chunk.toString('latin1')
    const endOfHead = this.#received.indexOf(END_OF_HEAD)
    if (!this.#isUpgraded && endOfHead > 0) {
      this.#isUpgraded = true
      this.#received = this.#received.slice(endOfHead + END_OF_HEAD.length)
    }
    this.#deliver()
    done()
  }

  #deliver(): void {
    const received = this.#received
    let length = 2 + received.charCodeAt(1)
    if (length === 2 + 126) length = 4 + received.charCodeAt(2) * 256 + received.charCodeAt(3)
    // Without a length it is NaN.
    if (!this.#isUpgraded || !this.#hear || !(received.length >= length)) return
    this.#received = received.slice(length)
    const hear = this.#hear
    this.#hear = undefined
    hear(received.slice(0, length))
  }
}

function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const masked = payload.map((byte, index) => byte ^ (MASK[index & 3] as number))
  return Buffer.from([0x81, 0x80 | payload.length, ...MASK, ...masked])
}
