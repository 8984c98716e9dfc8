import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Ajv } from 'ajv'
import Fastify, { type FastifyRequest } from 'fastify'
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

async function checkToken(token: unknown): Promise<void> {
  if (typeof token === 'string' && token !== 'abc') throw new Error('no')
}

async function startBare(): Promise<number> {
  const server = createServer()
  const validate = new Ajv().compile(payload)
  const io = new Server(server)
  const chat = io.of('/chat')
  // one asynchronous hook for each that joins
  for (const namespace of [chat, io.of('/room')]) {
    namespace.use((socket, next) => {
      checkToken(socket.handshake.auth.token).then(() => next(), next)
    })
  }
  chat.on('connection', (socket) => {
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
  const onRequest = async (request: FastifyRequest) => checkToken(request.headers.authorization?.slice(7))
  await app.register(namespaces, {
    limits: { eventsPerSecond: 1_000_000 },
    namespaces: { '/chat': { onRequest, events }, '/room': { onRequest } },
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

process.send?.(await (process.argv[2] === 'ours' ? startOurs() : startBare()))
process.on('message', () => process.send?.(process.cpuUsage()))
// Whoever has started it may have been stopped.
process.on('disconnect', () => process.exit())
