import { namespacesOf } from '../application.js'
import type { Job, Load } from './job.js'
import { join, type LoadConnection, openConnection } from './load-connection.js'

/*
 * The load of the memory scenarios: idle connections with the headers of a browser.
 */

const HEADERS = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cache-Control: no-cache',
  'Pragma: no-cache',
  `Cookie: session=${'s'.repeat(120)}; theme=dark; consent=${'c'.repeat(50)}`,
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
]

export function createIdleLoad({ port, dialect, scenario }: Job): Load {
  const headers = [`Origin: http://127.0.0.1:${port}`, ...HEADERS].map((line) => `${line}\r\n`).join('')

  async function openOne(seat: number): Promise<LoadConnection> {
    const connection = await openConnection({ port, dialect, seat, headers })
    if (dialect.hasEngine) for (const name of namespacesOf(scenario)) await join(connection, name)
    return connection
  }

  async function openMany(count: number): Promise<LoadConnection[]> {
    const connections: LoadConnection[] = []
    while (connections.length < count) {
      const some = Array.from({ length: Math.min(50, count - connections.length) }, (_, index) =>
        openOne(connections.length + index),
      )
      connections.push(...(await Promise.all(some)))
    }
    return connections
  }

  return {
    latencies: [],
    async open() {
      await openMany(scenario.sockets)
    },
    /** Opens `count` connections and closes them again, so that a server has created what it creates only once. */
    async run(count) {
      for (const connection of await openMany(count)) connection.close()
      return count
    },
  }
}
