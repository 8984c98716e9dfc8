import t from 'tap'
import { startTwo } from '../../adapters/cluster.js'

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
