import type { Namespace, Server, Socket } from 'socket.io'
import {
  checkToken,
  createStartUpSchema,
  NAMESPACE,
  namespacesOf,
  ROOM,
  ROOM_SEATS,
  startUpEventsOf,
  teamOf,
} from '../application.js'
import { createItem, createMessage, ITEMS, type Message, messageSchema, type Point, pointSchema } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { createAjv } from './validator.js'

/*
 * The application on Socket.IO alone, for the contenders `bare` and `fastify-socket.io`.
 */

type Validate = ReturnType<ReturnType<typeof createAjv>['compile']>
type Ack = (reply: unknown) => void
type Echo = (message: Message, ack: Ack) => void

export function wireByHand(io: Server, scenario: Scenario): void {
  const ajv = createAjv()
  const wire = scenario.kind === 'startup' ? wireMany : wireBench
  if (scenario.kind === 'relay') wireRelay(io, ajv.compile(pointSchema))
  for (const name of namespacesOf(scenario)) {
    const namespace = io.of(name)
    if (scenario.hasHook) addHook(namespace)
    if (scenario.hasEverything) useEverything(namespace)
    wire(namespace, (schema) => createEcho(ajv.compile(schema)), scenario)
  }
}

function wireBench(namespace: Namespace, createEcho: (schema: object) => Echo, scenario: Scenario): void {
  const echo = scenario.hasEverything ? asynchronous(createEcho(messageSchema)) : createEcho(messageSchema)
  let shouts = 0
  namespace.on('connection', (socket) => {
    if (Number(socket.handshake.query.seat) < ROOM_SEATS) socket.join(ROOM)
    socket.on('echo', echo)
    socket.on('raw', (message: Message, ack: Ack) => ack({ id: message.id, ok: true }))
    socket.on('binary', (data: Buffer, ack: Ack) => ack(data))
    socket.on('items', (...args: unknown[]) => {
      for (let index = 0; index < ITEMS; index++) socket.emit('item', createItem(index))
      ;(args.at(-1) as Ack)(null)
    })
    socket.on('shout', () => namespace.emit('news', createMessage(shouts++)))
    socket.on('shout:room', () => socket.to(ROOM).emit('news', createMessage(shouts++)))
    socket.on('shout:others', () => namespace.except(ROOM).emit('news', createMessage(shouts++)))
  })
}

function wireRelay(io: Server, validate: Validate): void {
  io.of(NAMESPACE).on('connection', (socket) => {
    const team = teamOf(socket.handshake.query.seat)
    socket.join(team)
    socket.on('move', (point: Point) => {
      if (validate(point)) socket.to(team).volatile.emit('move', point)
    })
    socket.on('draw', (point: Point) => {
      if (validate(point)) socket.to(team).emit('draw', point)
    })
  })
}

function createEcho(validate: Validate): Echo {
  return (message, ack) => {
    if (!validate(message)) return ack({ ok: false, error: 'invalid', details: validate.errors })
    ack({ id: message.id, ok: true })
  }
}

function wireMany(namespace: Namespace, createEcho: (schema: object) => Echo): void {
  const events = startUpEventsOf(namespace.name).map(
    (each) => [each.event, createEcho(createStartUpSchema(each))] as const,
  )
  namespace.on('connection', (socket) => {
    for (const [event, echo] of events) socket.on(event, echo)
  })
}

function addHook(namespace: Namespace): void {
  namespace.use((socket, next) => {
    checkToken(socket.handshake.auth.token).then(() => next(), next)
  })
}

function asynchronous(echo: Echo): Echo {
  return async (message, ack) => {
    await authorise()
    echo(message, ack)
  }
}

async function authorise(): Promise<void> {}

/** The same features that the other contenders use: hooks, an onAny listener and middlewares. */
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
