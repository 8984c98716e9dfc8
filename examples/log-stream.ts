import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

const Line = Type.Object({ seq: Type.Integer(), level: Type.String(), text: Type.String() })

/** The lines of a log, and a sleeper for those who wait for the next one. */
export function createLog() {
  const lines: Static<typeof Line>[] = []
  const added = new EventTarget()
  return {
    add(level: string, text: string): void {
      lines.push({ seq: lines.length, level, text })
      added.dispatchEvent(new Event('line'))
    },
    /** The lines behind `seq`, and then each line as it is added. */
    async *tail(seq: number, signal: AbortSignal) {
      for (let next = seq + 1; ; next++) {
        while (next >= lines.length) await once(added, 'line', { signal })
        yield lines[next] as Static<typeof Line>
      }
    },
  }
}

export function createLogs(log: ReturnType<typeof createLog>) {
  return defineNamespace({
    description: 'A log that can be followed',
    events: {
      'log:tail': {
        description: 'Every line of a level, and then those to come',
        payload: Type.Object({ level: Type.Optional(Type.String()) }),
        stream: Line,
        itemId: ({ seq }) => seq,
        handlerTimeoutMs: 0, // a log may be silent for any time
        async *handler({ level }, { signal, lastId }) {
          for await (const line of log.tail(Number(lastId ?? -1), signal)) {
            if (level === undefined || line.level === level) yield line
          }
        },
      },
    },
  })
}

/** Serves a log that gets a line for each request. */
export async function buildServer() {
  const app = Fastify()
  const log = createLog()
  app.addHook('onResponse', async ({ method, url }, { statusCode }) => {
    if (method !== 'CONNECT') log.add(statusCode < 400 ? 'info' : 'warn', `${method} ${url} ${statusCode}`)
  })
  await app.register(namespaces)
  app.namespace('/logs', createLogs(log))
  app.get('/', async () => 'Follow /logs')
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
