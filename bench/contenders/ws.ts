import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { ROOM_SEATS } from '../application.js'
import { createMessage, type Message, messageSchema } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { listen } from './listening.js'
import { createAjv } from './validator.js'

/*
 * The contender `ws`: WebSocket frames and validation only, without rooms, namespaces, pings or recovery, as a lower limit.
 * An event is `[id,"event",payload]`, its ack `[id,reply]`, an emit `["event",payload]`.
 */

export async function start(_scenario: Scenario): Promise<number> {
  const server = createServer()
  const validate = createAjv().compile(messageSchema)
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  const members = new Set<WebSocket>()
  let shouts = 0
  sockets.on('connection', (socket, request) => {
    if (Number(request.url?.split('seat=')[1]) < ROOM_SEATS) members.add(socket)
    socket.on('message', (data) => {
      const [id, event, payload] = JSON.parse(String(data)) as [number, string, Message]
      if (event.startsWith('shout')) {
        const text = JSON.stringify(['news', createMessage(shouts++)])
        for (const each of event === 'shout:room' ? members : sockets.clients) each.send(text)
      } else if (event === 'echo' && !validate(payload)) {
        socket.send(JSON.stringify([id, { ok: false, error: validate.errors }]))
      } else {
        socket.send(JSON.stringify([id, { id: payload.id, ok: true }]))
      }
    })
  })
  return listen(server)
}
