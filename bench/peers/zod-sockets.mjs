import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { z } from 'zod'
import { ActionsFactory, attachSockets, Config } from 'zod-sockets'
import { namespacesOf, ROOM, ROOM_SEATS, startUpEventsOf } from '../.built/application.js'
import { createMessage } from '../.built/message.js'

/*
 * zod-sockets: an action for each event, its input, its output and what it emits checked by Zod.
 */

const messageShape = {
  id: z.string().min(1).max(32),
  room: z.string().min(1).max(64),
  author: z.string().min(1).max(64),
  text: z.string().min(1).max(500),
  sentAt: z.string().datetime(),
  tags: z.array(z.string().max(24)).max(8).optional(),
}
const message = z.object(messageShape).strict()
const output = z.tuple([z.object({ id: z.string(), ok: z.boolean() }).strict()])
// As a logger in production: debug is off.
const quiet = () => undefined
const logger = { debug: quiet, info: console.log, warn: console.warn, error: quiet }

export async function start(scenario) {
  const names = namespacesOf(scenario)
  let config = new Config({ startupLogo: false })
  for (const path of names)
    config = config.addNamespace({ path, emission: { news: { schema: z.tuple([message]) } }, hooks })
  const factory = new ActionsFactory(config)
  const actions = names.flatMap((ns) =>
    scenario.kind === 'startup' ? createManyActions(factory, ns) : createActions(factory, ns),
  )
  const target = createServer()
  await attachSockets({ io: new Server(), config, actions, target, logger })
  await new Promise((resolve) => target.listen(0, '127.0.0.1', resolve))
  return target.address().port
}

const hooks = {
  onConnection: ({ client }) => {
    if (Number(client.handshake.query.seat) < ROOM_SEATS) return client.join(ROOM)
  },
}

const echo = async ({ input: [{ id }] }) => [{ id, ok: true }]

function createActions(factory, ns) {
  let shouts = 0
  return [
    factory.build({ ns, event: 'echo', input: z.tuple([message]), output, handler: echo }),
    factory.build({ ns, event: 'raw', input: z.tuple([z.any()]), output: z.tuple([z.any()]), handler: echo }),
    factory.build({
      ns,
      event: 'binary',
      input: z.tuple([z.instanceof(Buffer)]),
      output: z.tuple([z.instanceof(Buffer)]),
      handler: async ({ input }) => input,
    }),
    factory.build({
      ns,
      event: 'shout',
      input: z.tuple([]),
      handler: async ({ client }) => {
        const news = createMessage(shouts++)
        // `all` is the default namespace, whatever the action's
        await client.broadcast('news', news)
        await client.emit('news', news)
      },
    }),
    factory.build({
      ns,
      event: 'shout:room',
      input: z.tuple([]),
      handler: async ({ withRooms }) => {
        await withRooms(ROOM).broadcast('news', createMessage(shouts++))
      },
    }),
  ]
}

function createManyActions(factory, ns) {
  return startUpEventsOf(ns).map(({ event, extra }) => {
    const schema = z.object({ ...messageShape, [extra.name]: z.string().max(extra.maxLength).optional() }).strict()
    return factory.build({ ns, event, input: z.tuple([schema]), output, handler: echo })
  })
}
