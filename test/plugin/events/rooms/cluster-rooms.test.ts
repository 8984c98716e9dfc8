import t from 'tap'
import { createSocketRooms } from '../../../../plugin/events/rooms/socket-rooms.js'
import { startTwo } from '../../adapters/cluster.js'
import { withResolvers } from '../../harness.js'

t.test('over a broker, a declared room has its clients of all nodes', async (t) => {
  let isOpen = true
  const desk = {
    rooms: {
      'ticket/:id': {
        preJoin: () => {
          if (!isOpen) throw Object.assign(new Error('Closed'), { statusCode: 403, code: 'CLOSED' })
        },
      },
    },
    emits: { changed: { payload: { type: 'integer' } } },
    events: {
      renew: { handler: (_payload: unknown, { reauthenticate }: { reauthenticate(): unknown }) => reauthenticate() },
    },
  }
  const { one, two } = await startTwo(t, { namespaces: { '/desk': desk as never } })
  const [here, there] = [await one.app.injectSocket('/desk'), await two.app.injectSocket('/desk')]
  for (const socket of [here, there]) t.match(await socket.emitWithAck('room:join', 'ticket/42'), { ok: true })
  one.app.io.of('/desk').to('ticket/42').emit('changed', 42)
  t.equal(await here.nextEvent('changed'), 42)
  t.equal(await there.nextEvent('changed'), 42)
  t.equal((await one.app.io.of('/desk').in('ticket/42').fetchSockets()).length, 2)
  isOpen = false
  t.match(await there.emitWithAck('renew'), { ok: true })
  t.strictSame(await there.nextEvent('room:left'), { room: 'ticket/42', code: 'CLOSED' })
  t.equal((await one.app.io.of('/desk').in('ticket/42').fetchSockets()).length, 1)
})

t.test('a client whose identity changes while the values of a room are read is authorised again', async (t) => {
  const known = withResolvers()
  const asked: string[] = []
  const room = {
    pattern: 'desk',
    preJoin: [
      (context: unknown) => {
        const { request } = context as { request: { user: string } }
        asked.push(request.user)
        if (request.user === 'eve') throw new Error('No')
      },
    ],
  }
  const { join } = createSocketRooms({
    rooms: new Map([['desk', room as never]]),
    instance: {} as never,
    namespace: '/desk',
    timeoutMs: 0,
    ready: () => (asked.length === 1 ? known.promise : undefined),
  })
  const joined: string[] = []
  const socket = {
    rooms: new Set(),
    nsp: { name: '/desk' },
    connected: true,
    join: (name: string) => joined.push(name),
  }
  const context = { socket, request: { user: 'ada' }, event: { payload: 'desk' }, signal: new AbortController().signal }
  const joining = join(context as never) as Promise<unknown>
  context.request = { user: 'eve' }
  known.resolve()
  await t.rejects(joining, { message: 'No' })
  t.strictSame([asked, joined], [['ada', 'eve'], []])
})
