import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import namespaces, { defineNamespaces } from '../../plugin/index.js'
import { createProfile, launchChromium } from './chromium.js'

t.setTimeout(120_000)

/* A page of one origin, a server on another: what a browser lets a page read is CORS, on every poll. */

let browser: Browser
t.before(async () => {
  browser = await launchChromium()
})
t.teardown(() => browser?.close())

const api = defineNamespaces({
  '/chat': { events: { echo: { handler: (payload, { request }) => [payload, request.headers.cookie ?? null] } } },
})

async function listen(t: Test, app: FastifyInstance): Promise<string> {
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

/** A page with Socket.IO's client, from a server that serves nothing else. */
async function servePage(t: Test): Promise<string> {
  const app = Fastify()
  await app.register(namespaces)
  app.get('/', async (_request, reply) =>
    reply.type('text/html').send('<script src="/socket.io/socket.io.js"></script>'),
  )
  return listen(t, app)
}

async function serveApi(t: Test, origin: string): Promise<string> {
  const app = Fastify()
  await app.register(cors, { origin, credentials: true })
  await app.register(helmet, { crossOriginResourcePolicy: { policy: 'cross-origin' } })
  await app.register(cookie)
  app.addHook('onRequest', async (_request, reply) => void reply.setCookie('pass', 'yes', { path: '/' }))
  await app.register(namespaces, { io: { cors: { origin } }, namespaces: api })
  return listen(t, app)
}

for (const transport of ['polling', 'websocket']) {
  t.test(
    `behind @fastify/cors, a page of a listed origin communicates over ${transport}, with its cookies`,
    async (t) => {
      const origin = await servePage(t)
      const url = await serveApi(t, origin)
      const context = await createProfile(t, browser)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      await page.goto(origin)
      // Several polls, one after another.
      const answers = await page.evaluate(`(async () => {
      const socket = io('${url}/chat', { transports: ['${transport}'], withCredentials: true })
      const answers = []
      for (let round = 0; round < 3; round++) answers.push(await socket.emitWithAck('echo', round))
      return answers
    })()`)
      t.strictSame(
        answers,
        [0, 1, 2].map((round) => ({ ok: true, data: [round, 'pass=yes'] })),
      )
      t.strictSame(complaints, [])
    },
  )
}

t.test('a page of an origin that is not listed is refused on every transport', async (t) => {
  const origin = await servePage(t)
  const url = await serveApi(t, 'http://app.example')
  const context = await createProfile(t, browser)
  const page = await context.newPage()
  await page.goto(origin)
  for (const transport of ['polling', 'websocket']) {
    const error = await page.evaluate(`new Promise((resolve) => {
      const socket = io('${url}/chat', { transports: ['${transport}'], withCredentials: true, reconnection: false, forceNew: true })
      socket.on('connect', () => resolve('connected'))
      socket.on('connect_error', ({ message }) => resolve(message))
    })`)
    t.match(error, /xhr poll error|websocket error/, transport)
  }
})
