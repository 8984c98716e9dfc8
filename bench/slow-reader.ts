import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Fastify from 'fastify'
import { WebSocket } from 'ws'
import type { AnyNamespaceDefinition } from '../plugin/index.js'
import { NAMESPACE } from './application.js'
import { listenWith, plugin } from './contenders/built.js'
import { createMessage, messageSchema } from './message.js'

/*
 * Prints what a client that reads nothing takes of the server's memory, by the number of emits: `node --import tsx bench/slow-reader.ts`
 * after `npm run build`.
 */

const EMITS = [10_000, 100_000]
/** Emits of one turn of the event loop. */
const BATCH = 100
const KEYS = 100

const ROWS: Readonly<Record<string, object>> = {
  neither: {},
  conflate: { conflate: ({ id }: { id: string }) => id },
  dropOldest: { dropOldest: KEYS },
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What waits for a client after each number of emits. */
async function measure(bound: object, fast: boolean): Promise<{ megabytes: number; heap: number }[]> {
  const app = Fastify()
  const definition = { emits: { news: { payload: messageSchema, ...bound } } } as AnyNamespaceDefinition
  await app.register(plugin.default, { fast, limits: { bytesWaiting: 0 }, namespaces: { [NAMESPACE]: definition } })
  const reader = new WebSocket(`ws://127.0.0.1:${await listenWith(app)}/socket.io/?EIO=4&transport=websocket`)
  await once(reader, 'message')
  reader.send(`40${NAMESPACE},`)
  await once(reader, 'message')
  reader.pause()
  const [peer] = [...app.io.of(NAMESPACE).sockets.values()] as unknown as {
    conn: { writeBuffer: { data?: string }[] }
  }[]
  collect()
  const before = process.memoryUsage().heapUsed
  const rows: { megabytes: number; heap: number }[] = []
  let sent = 0
  for (const emits of EMITS) {
    for (; sent < emits; sent++) {
      app.io.of(NAMESPACE).emit('news', { ...createMessage(sent), id: `key ${sent % KEYS}` })
      if (sent % BATCH === 0) await turn()
    }
    await turn()
    collect()
    const bytes = peer?.conn.writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) ?? 0
    rows.push({ megabytes: bytes / 1e6, heap: (process.memoryUsage().heapUsed - before) / 1e6 })
  }
  reader.terminate()
  await app.close()
  return rows
}

for (const fast of [true, false]) {
  for (const [name, bound] of Object.entries(ROWS)) {
    const rows = await measure(bound, fast)
    for (const [index, { megabytes, heap }] of rows.entries()) {
      const emits = String(EMITS[index]).padStart(7)
      console.log(
        `fast: ${fast}  ${name.padEnd(10)} ${emits} emits  ${megabytes.toFixed(2)} MB wait, heap ${heap.toFixed(1)} MB more`,
      )
    }
  }
}
