import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/*
 * A way to a broker that stalls without FIN, as a network does that drops all packets.
 */

export interface StallingProxy {
  stall(): void
  heal(): void
  close(): void
}

/** Listens on the Unix socket `path`, and forwards to `target`. */
export async function startStallingProxy(path: string, target: string): Promise<StallingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isStalled = false
  const pass = ([from, to]: readonly [Socket, Socket]) => {
    from.pipe(to)
    to.pipe(from)
  }
  const server = createServer((client) => {
    const pair = [client, connect(target)] as const
    pairs.add(pair)
    for (const [socket, other] of [pair, [pair[1], client]] as const) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
    if (!isStalled) pass(pair)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    stall() {
      isStalled = true
      for (const [from, to] of pairs)
        for (const [socket, other] of [[from, to] as const, [to, from] as const]) socket.unpipe(other).pause()
    },
    heal() {
      isStalled = false
      for (const pair of pairs) pass(pair)
    },
    close() {
      server.close()
      for (const [client] of pairs) client.destroy()
    },
  }
}
