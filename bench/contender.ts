import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Ajv } from 'ajv'
import Fastify from 'fastify'
import { Server } from 'socket.io'

/*
 * One server of the benchmark, in a process of its own: `bare` is Socket.IO with a validator by hand, `ours` is what
 * `npm run build` has made of this repository. It says its port, and for every message how much CPU it has used.
 */

const payload = {
  type: 'object',
  properties: { text: { type: 'string', maxLength: 300 }, count: { type: 'integer' } },
  required: ['text'],
  additionalProperties: false,
}

async function startBare(): Promise<number> {
  const server = createServer()
  const validate = new Ajv().compile(payload)
  new Server(server).of('/chat').on('connection', (socket) => {
    socket.on('echo', (data, ack) => ack(validate(data) ? { ok: true, data } : { ok: false, error: validate.errors }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function startOurs(): Promise<number> {
  // what users run: the bundle, not the sources through a loader
  const built = new URL('../dist/index.js', import.meta.url).href
  const { default: namespaces } = (await import(built)) as typeof import('../plugin/index.js')
  const app = Fastify()
  const events = { echo: { payload, handler: (data: unknown) => data } }
  await app.register(namespaces, { limits: { eventsPerSecond: 1_000_000 }, namespaces: { '/chat': { events } } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

process.send?.(await (process.argv[2] === 'ours' ? startOurs() : startBare()))
process.on('message', () => process.send?.(process.cpuUsage()))
