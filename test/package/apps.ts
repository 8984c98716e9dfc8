/*
 * The first apps that a user would write: each prints the message of its namespace, and ends.
 */

export const esm = `\
import Fastify from 'fastify'
import namespaces from 'fastify-namespaces'
import { io } from 'socket.io-client'

const app = Fastify()
await app.register(namespaces, {
  namespaces: { '/my-namespace': { onConnect: ({ emit }) => { emit('hi', 'Hello everyone!') } } },
})
const socket = io(await app.listen({ port: 0 }) + '/my-namespace')
socket.on('hi', (message) => {
  console.log(message)
  socket.close()
  app.close()
})
`

export const cjs = `\
const app = require('fastify')()
const { defineNamespace } = require('fastify-namespaces')
const { io } = require('socket.io-client')

const greeting = defineNamespace({ onConnect: ({ emit }) => { emit('hi', 'Hello everyone!') } })
app.register(require('fastify-namespaces'), { namespaces: { '/my-namespace': greeting } })
app.listen({ port: 0 }).then((url) => {
  const socket = io(url + '/my-namespace')
  socket.on('hi', (message) => {
    console.log(message)
    socket.close()
    app.close()
  })
})
`

// An app file, for the command line.
export const service = `\
import namespaces from 'fastify-namespaces'

export default async function service(app) {
  await app.register(namespaces, { namespaces: { '/chat': { events: { echo: { handler: (payload) => payload } } } } })
}
`

// Prints whether the fast path is open, and whether an event has bypassed the emitters below.
export const fast = `\
import Fastify from 'fastify'
import namespaces from 'fastify-namespaces'

const log = []
const stream = { write: (line) => /fast path/.test(line) && log.push(JSON.parse(line).msg) }
const app = Fastify({ logger: { level: 'trace', stream } })
const text = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }
await app.register(namespaces, {
  namespaces: { '/chat': { events: { echo: { payload: text, reply: text, handler: (payload) => payload } } } },
})
const client = await app.injectSocket('/chat')
const [{ conn }] = app.io.of('/chat').sockets.values()
const heard = []
conn.transport.socket.on('message', (text) => heard.push(String(text)))
const acks = [await client.emitWithAck('echo', { text: 'hi' }), await client.emitWithAck('echo', {})]
console.log(JSON.stringify({ log, isLaned: Object.hasOwn(conn, 'write'), isPassedBy: heard.length === 0, acks }))
await app.close()
`

// As an .mts and as a .cts: TypeScript lets CommonJS import an ES module, as node does.
export const typedServer = `\
import Fastify from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'

export const greeting = defineNamespace({
  emits: { hi: { payload: { type: 'string' } } },
  onConnect: ({ emit }) => {
    emit('hi', 'Hello everyone!')
    // @ts-expect-error: the payload is a string
    emit('hi', 42)
  },
})
const app = Fastify()
app.register(namespaces, { namespaces: { '/my-namespace': greeting } })
app.after(() => app.namespace('/reports', {}).io.of('/my-namespace').emit('hi'))
console.log(app.printNamespaces().toUpperCase())
`

export const typedClient = `\
import type { ClientSocket } from 'fastify-namespaces/client'
import { io } from 'socket.io-client'
import type { greeting } from './server.mjs'

const socket: ClientSocket<typeof greeting> = io('http://localhost/my-namespace')
socket.on('hi', (message) => console.log(message.toUpperCase()))
`

export const tsconfig = JSON.stringify({
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
  },
})
