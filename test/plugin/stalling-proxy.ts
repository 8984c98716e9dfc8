import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A proxy in front of a server, as a phone's network is: it can forget a connection, and tell only one of its ends. */
export interface StallingProxy {
  readonly url: string
  /** The connections to the server that are still open. */
  readonly open: number
  /** How many bytes the server has written to connections that are lost. */
  readonly lostBytes: number
  /** From now on nothing gets through the present connections; both ends still believe in them. */
  stall(): void
  /** Stalls the present connections, and destroys their side of the client. The server hears of nothing. */
  lose(): void
}

/** Listens on the loopback address until the test ends. */
export async function createStallingProxy(t: Test, port: number): Promise<StallingProxy> {
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket; isStalled: boolean }>()
  const open = new Set<Socket>()
  let lostBytes = 0
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    const pair = { client, server, isStalled: false }
    pairs.add(pair)
    open.add(server)
    client.on('error', () => {}).on('data', (data) => pair.isStalled || server.write(data))
    client.on('close', () => pair.isStalled || server.destroy())
    server
      .on('error', () => {})
      .on('data', (data) => {
        if (pair.isStalled) lostBytes += data.length
        else client.write(data)
      })
    server.on('close', () => {
      open.delete(server)
      if (!pair.isStalled) client.destroy()
    })
  })
  const stall = () => {
    for (const pair of pairs) pair.isStalled = true
    return [...pairs]
  }
  t.teardown(() => {
    for (const { client, server } of pairs) {
      client.destroy()
      server.destroy()
    }
    proxy.close()
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get open() {
      return open.size
    },
    get lostBytes() {
      return lostBytes
    },
    stall: () => void stall(),
    lose() {
      for (const { client } of stall()) client.destroy()
    },
  }
}
