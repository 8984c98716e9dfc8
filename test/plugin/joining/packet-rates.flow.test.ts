import t, { type Test } from 'tap'
import { WireSocket } from '../../wire/wire.js'
import { build, listen, logLines, until } from '../harness.js'

/*
 * The rate limits of a connection: joins, leaves, and unexpected acks.
 */

async function open(t: Test, port: number) {
  const wire = await WireSocket.open(port)
  t.teardown(() => wire.end())
  return wire
}

t.test('joins beyond joinsPerSecond are refused before any hook or log line of Fastify', async (t) => {
  let asked = 0
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      limits: { joinsPerSecond: 5, namespacesPerConnection: 4 },
      namespaces: {
        '/chat': {
          onRequest: async (_request, reply) => {
            asked++
            return reply.code(401).send()
          },
        },
      },
    },
    undefined,
    { logger } as object,
  )
  const wire = await open(t, await listen(app))
  const answers: string[] = []
  for (let count = 0; count < 40; count++) {
    wire.say('40/chat,')
    answers.push(String(await wire.next()))
  }
  const limited = answers.filter((answer) => answer.includes('"FST_NSP_RATE_LIMITED"'))
  t.equal(asked, 40 - limited.length)
  t.ok(asked >= 10 && asked < 40, `${asked} are two seconds' worth, and what came meanwhile`)
  t.equal(lines.filter(({ msg, req }) => msg === 'incoming request' && Object(req).method === 'CONNECT').length, asked)
  const { message, data } = JSON.parse(String(limited[0]).slice('44/chat,'.length))
  t.match(
    { message, data },
    { message: 'Too many joins', data: { statusCode: 429, details: { retryAfterMs: Number } } },
  )
  t.ok(data.details.retryAfterMs > 0 && data.details.retryAfterMs <= 200)
})

t.test('a client that reconnects may join as many namespaces at once as one connection may have', async (t) => {
  const app = await build(t, {
    limits: { joinsPerSecond: 1, namespacesPerConnection: 50 },
    namespaces: { '/orgs/:id': {} },
  })
  const wire = await open(t, await listen(app))
  for (let id = 0; id < 50; id++) wire.say(`40/orgs/${id},`)
  for (let id = 0; id < 50; id++) t.match(await wire.next(), `40/orgs/${id},{"sid"`)
})

t.test('a client that leaves all its namespaces may join all of them again at once', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:id': {} } })
  const wire = await open(t, await listen(app))
  for (let id = 0; id < 100; id++) wire.say(`40/orgs/${id},`)
  for (let id = 0; id < 100; id++) t.match(await wire.next(), `40/orgs/${id},{"sid"`)
  for (let id = 0; id < 100; id++) wire.say(`41/orgs/${id},`)
  for (let id = 0; id < 100; id++) wire.say(`40/orgs/${id},`)
  for (let id = 0; id < 100; id++) t.match(await wire.next(), `40/orgs/${id},{"sid"`)
})

t.test('a repeated join beyond the rate receives no second answer', async (t) => {
  const app = await build(t, { limits: { joinsPerSecond: 1, namespacesPerConnection: 1 }, namespaces: { '/chat': {} } })
  const wire = await open(t, await listen(app))
  wire.say('40/chat,')
  t.match(await wire.next(), '40/chat,{"sid"')
  for (let count = 0; count < 100; count++) wire.say('40/chat,')
  wire.say('42/chat,1["nope"]')
  let answers = 0
  while (!String(await wire.next()).startsWith('43')) answers++
  t.ok(answers >= 1 && answers < 100, `${answers}`)
  t.equal(app.io.of('/chat').sockets.size, 1)
})

t.test('leaves have the same rate; one over the limit closes the connection [joins-and-leaves]', async (t) => {
  const app = await build(t, { limits: { joinsPerSecond: 2, namespacesPerConnection: 1 }, namespaces: { '/chat': {} } })
  const wire = await open(t, await listen(app))
  // A join to a namespace that it has just left: Socket.IO handles the leave in the next tick.
  wire.say('40/chat,')
  await wire.next()
  for (let count = 0; count < 10; count++) wire.say('41/chat,')
  t.match(await wire.next(), { closed: 1005 })
  await until(() => app.io.engine.clientsCount === 0)
})

t.test('joins and leaves have no rate if joinsPerSecond is 0', async (t) => {
  const app = await build(t, { limits: { joinsPerSecond: 0 }, namespaces: { '/chat': {} } })
  const wire = await open(t, await listen(app))
  for (let count = 0; count < 300; count++) {
    wire.say('40/chat,')
    t.match(await wire.next(), '40/chat,{"sid"')
    wire.say('41/chat,')
  }
})

t.test('unexpected acks have a rate; expected ones have none', async (t) => {
  const { lines, logger } = logLines()
  let answered = 0
  const app = await build(
    t,
    {
      limits: { eventsPerSecond: 5 },
      namespaces: { '/chat': { onConnect: ({ socket }) => void socket.on('never', () => {}) } },
    },
    undefined,
    { logger } as object,
  )
  const wire = await open(t, await listen(app))
  wire.say('40/chat,')
  await wire.next()
  const [socket] = app.io.of('/chat').sockets.values()
  const taken: number[] = []
  const { _onpacket } = socket as never as { _onpacket(packet: { type: number; id: number }): void }
  Object.assign(socket as object, {
    _onpacket(packet: { type: number; id: number }) {
      if (packet.type === 3) taken.push(packet.id)
      _onpacket.call(socket, packet)
    },
  })
  for (let count = 0; count < 200; count++) wire.say(`43/chat,${1_000 + count}[1]`)
  for (let count = 0; count < 50; count++) {
    socket?.emit('question', (_answer: unknown) => void answered++)
    const [, id] = /^42\/chat,(\d+)\["question"/.exec(String(await wire.next())) ?? []
    wire.say(`43/chat,${id}["yes"]`)
  }
  await until(() => answered === 50)
  const waste = taken.filter((id) => id >= 1_000).length
  t.ok(waste >= 10 && waste < 200, `${waste} were handed on`)
  t.strictSame(
    lines.filter(({ level }) => Number(level) >= 40),
    [],
  )
})
