import type { Namespace, Server, Socket } from 'socket.io'
import { createMessage, type Message, NAMESPACE, ROOM, ROOM_SEATS } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { createValidator } from './validator.js'

/*
 * The application, on Socket.IO alone: what `bare` and fastify-socket.io serve.
 */

type Ack = (reply: unknown) => void

export function wireByHand(io: Server, scenario: Scenario): void {
  const namespace = io.of(NAMESPACE)
  const echo = createEcho()
  if (scenario.id === 'features') useEverything(namespace)
  const shout = createShout(namespace)
  namespace.on('connection', (socket) => {
    if (Number(socket.handshake.query.seat) < ROOM_SEATS) socket.join(ROOM)
    socket.on('echo', scenario.id === 'features' ? asynchronous(echo) : echo)
    socket.on('raw', (message: Message, ack: Ack) => ack({ id: message.id, ok: true }))
    socket.on('binary', (data: Buffer, ack: Ack) => ack(data))
    socket.on('shout', shout)
  })
}

function createEcho() {
  const validate = createValidator()
  return (message: Message, ack: Ack) => {
    if (!validate(message)) return ack({ ok: false, error: 'invalid', details: validate.errors })
    ack({ id: message.id, ok: true })
  }
}

function createShout(namespace: Namespace) {
  let shouts = 0
  return () => namespace.emit('news', createMessage(shouts++))
}

/** One hook before, one after the check, and a handler that awaits. */
function asynchronous(echo: (message: Message, ack: Ack) => void) {
  return async (message: Message, ack: Ack) => {
    await authorise()
    echo(message, ack)
  }
}

async function authorise(): Promise<void> {}

function useEverything(namespace: Namespace): void {
  const heard = { events: 0 }
  namespace.use((_socket, next) => next())
  namespace.on('connection', (socket: Socket) => {
    socket.use((_event, next) => {
      authorise().then(() => next(), next)
    })
    socket.onAny(() => {
      heard.events++
    })
  })
}
