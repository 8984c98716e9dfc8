import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/*
 * A TCP proxy on the loopback address, that treats connections as bad networks do: it cuts them, stalls them and delays them.
 */

/** One direction of a connection: chunks pass in order, each when it is due, and none while the proxy stalls. */
class Passage {
  readonly #from: Socket
  readonly #to: Socket
  readonly #network: { isStalled: boolean; delayMs: number }
  readonly #waiting: { chunk: Buffer | null; dueAt: number }[] = []

  constructor(from: Socket, to: Socket, network: { isStalled: boolean; delayMs: number }) {
    this.#from = from
    this.#to = to
    this.#network = network
    from.on('data', (chunk) => this.#take(chunk))
    from.on('end', () => this.#take(null))
    from.on('error', () => to.destroy())
  }

  #take(chunk: Buffer | null): void {
    const { delayMs } = this.#network
    this.#waiting.push({ chunk, dueAt: performance.now() + delayMs })
    if (delayMs > 0) setTimeout(() => this.pass(), delayMs + 1)
    else this.pass()
  }

  /** Passes on every chunk that is due. */
  pass(): void {
    while (!this.#network.isStalled) {
      const [next] = this.#waiting
      if (next === undefined || next.dueAt > performance.now()) return
      this.#waiting.shift()
      if (next.chunk) this.#to.write(next.chunk)
      else this.#to.end()
    }
  }

  cut(): void {
    this.#from.resetAndDestroy()
    this.#waiting.length = 0
  }
}

/** Opens a proxy for a port of this machine. Closed with the test. */
export async function openProxy(t: Test, port: number) {
  const network = { isStalled: false, isDown: false, delayMs: 0 }
  const passages = new Set<Passage>()
  let accepted = 0

  const server = createServer((near) => {
    if (network.isDown) {
      near.resetAndDestroy()
      return
    }
    accepted += 1
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true)
      passages.add(new Passage(from, to, network))
    }
  })
  const cut = () => {
    for (const passage of passages) passage.cut()
  }
  t.teardown(() => {
    server.close()
    cut()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    /** How many connections it has accepted so far. */
    get accepted() {
      return accepted
    },
    /** Resets every connection. */
    cut,
    /** Resets every connection, and all that follow, until `comeUp()`. */
    goDown() {
      network.isDown = true
      cut()
    },
    comeUp() {
      network.isDown = false
    },
    /** Holds back everything in both directions, on connections that stay open. */
    stall() {
      network.isStalled = true
    },
    resume() {
      network.isStalled = false
      for (const passage of passages) passage.pass()
    },
    /** Delays everything from now on, in each direction. */
    delay(ms: number) {
      network.delayMs = ms
    },
  }
}
