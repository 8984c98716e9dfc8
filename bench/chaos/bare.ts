import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import { Server, type Socket } from 'socket.io'
import { ioOptions, roomOf, type Said } from './application.js'
import type { NodeSettings, StartedNode } from './node.js'
import { connectRedis } from './redis-client.js'

/*
 * The application on Socket.IO, with the adapter and the recovery of Socket.IO.
 */

export async function startBare(settings: NodeSettings): Promise<StartedNode> {
  const { broker, roomSize } = settings
  const server = createServer()
  const io = new Server(server, { ...ioOptions(settings), adapter: createAdapter(await connectRedis(broker)) })
  io.of('/chat').on('connection', (socket: Socket) => {
    const client = Number(socket.handshake.auth.client)
    if (!socket.recovered) {
      void socket.join(roomOf(client, roomSize))
      socket.emit('ready')
    }
    socket.on('say', (said: Said, answer: (data: unknown) => void) => {
      io.of('/chat').to(roomOf(client, roomSize)).emit('news', said)
      answer({ ok: true })
    })
  })
  io.of(/^\/orgs\/\d+$/).on('connection', (socket: Socket) => {
    socket.on('say', (said: Said, answer: (data: unknown) => void) => {
      socket.nsp.emit('news', said)
      answer({ ok: true })
    })
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve))
  return { io, port: (server.address() as AddressInfo).port }
}
