import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/*
 * A slow way to a server: a proxy from a port to a Unix socket, which passes so many bytes a tick on, or breaks off after so many.
 */

const TICK_MS = 10

export interface SlowProxy {
  readonly port: number
  /** Bytes that each connection passes on in ten milliseconds, in each direction. */
  bytesPerTick: number
  /** Bytes of the server after which a connection breaks off. Of connections that are made from now on. */
  bytesPerConnection: number
  /** Cuts connections, and accepts no other one. */
  block(): void
  unblock(): void
}

export async function startSlowProxy(t: Test, path: string): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  let isBlocked = false
  const proxy = { bytesPerTick: Number.POSITIVE_INFINITY, bytesPerConnection: Number.POSITIVE_INFINITY }
  /** Passes on what comes, at most `most` bytes. */
  const pass = (from: Socket, to: Socket, most: number) => {
    let rest = most
    const tick = setInterval(() => {
      // A chunk of what is there, or nothing.
      for (let share = Math.min(proxy.bytesPerTick, 1e9); share > 0; ) {
        const chunk: Buffer | null = from.read(Math.min(share, from.readableLength))
        if (!chunk) return
        share -= chunk.length
        to.write(chunk.subarray(0, rest))
        rest -= chunk.length
        if (rest <= 0) return void from.destroy()
      }
    }, TICK_MS)
    sockets.add(from)
    from.on('error', () => {})
    // Without it the end is not noticed before everything is read.
    from.on('end', () => from.destroy())
    from.on('readable', () => {})
    from.on('close', () => {
      clearInterval(tick)
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((near) => {
    if (isBlocked) return void near.destroy()
    const far = connect(path)
    pass(near, far, Number.POSITIVE_INFINITY)
    pass(far, near, proxy.bytesPerConnection)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return Object.assign(proxy, {
    port: (server.address() as { port: number }).port,
    block() {
      isBlocked = true
      cut()
    },
    unblock() {
      isBlocked = false
    },
  })
}
