import t from 'tap'
import { joinRoom, type RoomUse } from '../../../../plugin/client.js'
import type { AnyNamespaceDefinition } from '../../../../plugin/index.js'
import { failureOf, serve, untilStatus } from '../../client-harness.js'
import { until } from '../../harness.js'

/** A desk whose tickets may be joined while they are open. */
function desk() {
  const open = new Set(['1', '2'])
  const asked: string[] = []
  const definition: AnyNamespaceDefinition = {
    rooms: {
      'ticket/:id': {
        preJoin: async ({ room }) => {
          const { id } = room.params as { id: string }
          asked.push(id)
          if (!open.has(id)) throw Object.assign(new Error('Closed'), { statusCode: 403, code: 'CLOSED' })
        },
      },
    },
    events: { renew: { handler: (_payload, { reauthenticate }) => reauthenticate() } },
  }
  return { open, asked, definition }
}

const untilRoom = ({ state }: Pick<RoomUse, 'state'>, status: string) =>
  until(() => state.getSnapshot().status === status)

t.test('joinRoom() joins a room of a namespace, before that is joined, and leaves it', async (t) => {
  const { definition } = desk()
  const { app, client } = await serve(t, { '/desk': definition })
  const joined = client().join('/desk')
  const room = joinRoom(joined, 'ticket/:id', { id: 1 })
  t.equal(room.name, 'ticket/1')
  t.strictSame(room.state.getSnapshot(), { status: 'joining' })
  await room.ready
  t.strictSame(room.state.getSnapshot(), { status: 'joined' })
  await room.ready
  t.ok(app.io.of('/desk').adapter.rooms.has('ticket/1'))
  room.rejoin()
  t.strictSame(room.state.getSnapshot(), { status: 'joined' })
  room.leave()
  room.leave()
  t.strictSame(room.state.getSnapshot(), { status: 'left' })
  t.match(await failureOf(room.ready), { code: 'NSP_CLIENT_LEFT' })
  await until(() => !app.io.of('/desk').adapter.rooms.has('ticket/1'))
  t.throws(() => joinRoom(joined, 'ticket/:id'), { message: 'The params of ticket/:id lack id' })
})

t.test('uses of one room are in it once, and the last one leaves it', async (t) => {
  const { definition, asked } = desk()
  const { app, client } = await serve(t, { '/desk': definition })
  const { join } = client()
  const [one, two] = [join('/desk'), join('/desk')]
  const rooms = [joinRoom(one, 'ticket/:id', { id: 1 }), joinRoom(two, 'ticket/:id', { id: 1 })] as const
  await Promise.all(rooms.map(({ ready }) => ready))
  t.strictSame(asked, ['1'])
  one.leave()
  t.strictSame(rooms[0].state.getSnapshot(), { status: 'left' })
  await two.call('renew')
  t.ok(app.io.of('/desk').adapter.rooms.has('ticket/1'))
  rooms[1].leave()
  const again = joinRoom(two, 'ticket/:id', { id: 1 })
  await again.ready
  await two.call('renew')
  t.ok(app.io.of('/desk').adapter.rooms.has('ticket/1'), 'another use that follows at once keeps it')
  again.leave()
  await until(() => !app.io.of('/desk').adapter.rooms.has('ticket/1'))
})

t.test('a room that is refused says why, and may be joined again', async (t) => {
  const { definition, open } = desk()
  const { client } = await serve(t, { '/desk': definition })
  const room = joinRoom(client().join('/desk'), 'ticket/:id', { id: 3 })
  t.match(await failureOf(room.ready), { code: 'CLOSED', statusCode: 403, event: 'room:join' })
  t.match(room.state.getSnapshot(), { status: 'refused', error: { code: 'CLOSED' } })
  open.add('3')
  room.rejoin()
  await room.ready
})

t.test('a room that the server has ended after reauthenticate() is refused', async (t) => {
  const { definition, open } = desk()
  const { client } = await serve(t, { '/desk': definition })
  const joined = client().join('/desk')
  const [one, two] = [joinRoom(joined, 'ticket/:id', { id: 1 }), joinRoom(joined, 'ticket/:id', { id: 2 })] as const
  await Promise.all([one.ready, two.ready])
  open.delete('1')
  await joined.call('renew')
  await untilRoom(one, 'refused')
  t.match(one.state.getSnapshot(), { error: { code: 'CLOSED', message: 'The server has ended the room' } })
  t.strictSame(two.state.getSnapshot(), { status: 'joined' })
})

t.test('after a reconnect without recovery the room is joined again', async (t) => {
  const { definition, asked } = desk()
  const { app, client, cut } = await serve(t, { '/desk': definition })
  const joined = client().join('/desk')
  const room = joinRoom(joined, 'ticket/:id', { id: 1 })
  await room.ready
  cut()
  await untilStatus(joined, 'recovering')
  await untilStatus(joined, 'joined')
  await room.ready
  await until(() => app.io.of('/desk').adapter.rooms.get('ticket/1')?.size === 1)
  t.strictSame(asked, ['1', '1'])
})

t.test('a recovered session is in its rooms already', async (t) => {
  const { definition, asked } = desk()
  const { app, client, cut } = await serve(t, { '/desk': definition }, { io: { connectionStateRecovery: {} } })
  const joined = client().join('/desk')
  const room = joinRoom(joined, 'ticket/:id', { id: 1 })
  await room.ready
  cut()
  await untilStatus(joined, 'recovering')
  await untilStatus(joined, 'joined')
  t.strictSame(joined.state.getSnapshot(), { status: 'joined', recovered: true })
  t.strictSame(room.state.getSnapshot(), { status: 'joined' })
  t.equal(app.io.of('/desk').adapter.rooms.get('ticket/1')?.size, 1)
  t.strictSame(asked, ['1'])
})

t.test('a room that is left before its answer is not joined', async (t) => {
  const { definition } = desk()
  const { app, client } = await serve(t, { '/desk': definition })
  const joined = client().join('/desk')
  await joined.ready
  for (const id of [1, 3]) joinRoom(joined, 'ticket/:id', { id }).leave()
  await joined.call('renew')
  t.notOk(app.io.of('/desk').adapter.rooms.has('ticket/1'))
})
