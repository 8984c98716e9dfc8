import cluster from 'node:cluster'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter'
import { setupMaster, setupWorker } from '@socket.io/sticky'
import Fastify from 'fastify'
import namespaces from '../../plugin/index.js'

/*
 * A cluster behind one port. The primary accepts connections and passes each to the worker that has its engine session; the
 * workers do not listen.
 */

if (cluster.isPrimary) {
  const server = createServer()
  setupMaster(server, { loadBalancingMethod: 'round-robin' })
  setupPrimary()
  cluster.setupPrimary({ exec: fileURLToPath(import.meta.url), serialization: 'advanced' })
  const workers = [1, 2].map(() => cluster.fork())
  await Promise.all(
    workers.map(
      (worker) => new Promise<void>((resolve) => worker.on('message', (told) => told === 'ready' && resolve())),
    ),
  )
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.once('disconnect', () => {
    for (const worker of workers) worker.process.kill()
    process.exit()
  })
} else {
  const app = Fastify()
  await app.register(namespaces, {
    io: { adapter: createAdapter() as never },
    namespaces: { '/chat': { events: { whoami: { handler: () => process.pid } } } },
  })
  app.post('/echo', async ({ body }) => ({ body }))
  await app.ready()
  setupWorker(app.io)
  process.send?.('ready')
}
