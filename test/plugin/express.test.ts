import { createRequire } from 'node:module'
import express from '@fastify/express'
import t from 'tap'
import { defineNamespace } from '../../plugin/index.js'
import { build, join, listen, next, refusal, TRANSPORTS, until } from './harness.js'

// The Express plugin.
const { json, text } = createRequire(createRequire(import.meta.url).resolve('@fastify/express'))('express')

/* Express gives requests and responses other prototypes, the hidden ones too. */

const echo = defineNamespace({ events: { echo: { handler: (payload) => payload } } })

const refusing = defineNamespace({
  onRequest: async (_request, reply) => reply.code(402).header('x-own', '1').send({ message: 'Not for free' }),
})

for (const transports of TRANSPORTS) {
  t.test(
    `over ${transports.join(' -> ')} a namespace of an application with @fastify/express and middlewares is joined like any other`,
    async (t) => {
      const seen: string[] = []
      const app = await build(t, { namespaces: { '/chat': echo, '/paid': refusing } }, async (app) => {
        await app.register(express)
        app.use((request: { method: string; url: string }, _response: unknown, done: () => void) => {
          seen.push(`${request.method} ${request.url.replace(/\?.*/, '')}`)
          done()
        })
      })
      const url = `http://127.0.0.1:${await listen(app)}`
      const socket = join(t, url, '/chat', { transports: [...transports] })
      await next(socket, 'connect')
      await until(() => socket.io.engine.transport.name === transports.at(-1))
      t.strictSame(await socket.emitWithAck('echo', 1), { ok: true, data: 1 })
      const paid = socket.io.socket('/paid')
      const [error] = (await next(paid, 'connect_error')) as [Error & { data: object }]
      t.match({ message: error.message, data: error.data }, { message: 'Not for free', data: { statusCode: 402 } })
      t.strictSame(seen, ['GET /socket.io/', 'CONNECT /chat', 'CONNECT /paid'])
    },
  )
}

t.test('a response of an Express middleware is the refusal', async (t) => {
  const app = await build(t, { namespaces: { '/chat': echo } }, async (app) => {
    await app.register(express)
    app.use('/chat', (_request: unknown, response: { status(code: number): { send(body: object): void } }) => {
      response.status(403).send({ message: 'Not in' })
    })
  })
  const refused = await refusal(app.injectSocket('/chat'))
  t.match(refused, { message: 'Not in', data: { statusCode: 403 } })
})

t.test('body parsers of Express, which read every request, refuse no connect', async (t) => {
  const app = await build(t, { namespaces: { '/chat': echo } }, async (app) => {
    await app.register(express)
    app.use(json())
    app.use(text({ type: '*/*' }))
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const transports of TRANSPORTS) {
    const socket = join(t, url, '/chat', { transports: [...transports] })
    await next(socket, 'connect')
    t.strictSame(await socket.emitWithAck('echo', 1), { ok: true, data: 1 })
  }
})
