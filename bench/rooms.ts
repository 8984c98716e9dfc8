import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import namespaces, { defineNamespace } from '../plugin/index.js'

/*
 * What it costs to join and to leave a room, with an ack each, and its client in the same process: a declared room, and a handler by
 * hand on Socket.IO that checks the payload, asks whether the client may join, and joins. Microseconds of CPU, the median of the rounds.
 * `bare, again` is the noise.
 */

const TIMES = 2_000
const ROUNDS = 9

async function startOurs(fast: boolean): Promise<string> {
  const app = Fastify()
  const desk = defineNamespace({
    rooms: {
      'ticket/:id': { params: Type.Object({ id: Type.Integer() }), preJoin: ({ room }) => refuse(room.params.id) },
    },
  })
  await app.register(namespaces, { fast, limits: { eventsPerSecond: 0 }, namespaces: { '/desk': desk } })
  return app.listen({ port: 0, host: '127.0.0.1' })
}

function refuse(id: number): void {
  if (id < 0) throw new Error('Not yours')
}

async function startBare(): Promise<string> {
  const http = createServer()
  const server = new Server(http)
  const check = Compile(Type.String({ pattern: '^ticket/[0-9]+$', maxLength: 256 }))
  server.of('/desk').on('connection', (socket) => {
    for (const event of ['room:join', 'room:leave'] as const) {
      socket.on(event, (room: string, ack: (answer: object) => void) => {
        try {
          if (!check.Check(room)) throw new Error('No such room')
          refuse(Number(room.slice('ticket/'.length)))
          void (event === 'room:join' ? socket.join(room) : socket.leave(room))
          ack({ ok: true })
        } catch {
          ack({ ok: false })
        }
      })
    }
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

async function measure(socket: Socket): Promise<number> {
  const before = process.cpuUsage()
  for (let at = 0; at < TIMES; at++) {
    const room = `ticket/${at}`
    for (const event of ['room:join', 'room:leave']) {
      const { ok } = await socket.emitWithAck(event, room)
      if (!ok) throw new Error(`${event} was refused`)
    }
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / TIMES
}

const sockets = new Map<string, Socket>()
for (const [name, url] of [
  ['bare', await startBare()],
  ['ours', await startOurs(true)],
  ['ours, fast: false', await startOurs(false)],
  ['bare, again', await startBare()],
] as const) {
  sockets.set(name, io(`${url}/desk`, { transports: ['websocket'], forceNew: true }))
}
const figures = new Map<string, number[]>()
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, socket] of sockets) {
    const figure = await measure(socket)
    // The first round warms up.
    if (round > 0) figures.set(name, [...(figures.get(name) ?? []), figure])
  }
}
console.log('| | us of CPU | of bare |\n| --- | --: | --: |')
const bare = medianOf(figures.get('bare') ?? [])
for (const [name, all] of figures) {
  console.log(`| ${name} | ${medianOf(all).toFixed(1)} | ${(medianOf(all) / bare).toFixed(2)} |`)
}
process.exit()

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0
}
