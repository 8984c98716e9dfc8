import t from 'tap'
import { type FollowedPresence, followPresence, joinRoom } from '../../../../plugin/client.js'
import type { AnyNamespaceDefinition } from '../../../../plugin/index.js'
import { serve, untilStatus } from '../../client-harness.js'
import { until } from '../../harness.js'

type AnyPeople = Pick<FollowedPresence<{ name: string }>, 'getSnapshot' | 'subscribe'>

/** A desk whose tickets may be joined while they are open. `graceMs`: nobody who is lost is waited for. */
function createDesk(): { readonly open: Set<number>; readonly definition: AnyNamespaceDefinition } {
  const open = new Set([1, 2])
  const key = ({ request }: { request: { readonly body: unknown } }) => (request.body as { user: string }).user
  const meta = (source: { request: { readonly body: unknown } }) => ({ name: key(source).toUpperCase() })
  return {
    open,
    definition: {
      presence: { key, meta, graceMs: 0 },
      rooms: {
        'ticket/:id': {
          presence: { key, meta, graceMs: 0 },
          preJoin: ({ room }) => {
            if (!open.has(Number((room.params as { id: string }).id))) throw new Error('Closed')
          },
        },
      },
      events: {
        'mood:set': { handler: (mood, { presence }) => presence.update({ name: mood }) },
        renew: { handler: (_payload, { reauthenticate }) => reauthenticate() },
      },
    },
  }
}

const named = (people: AnyPeople) =>
  people
    .getSnapshot()
    .entries.map(({ key, devices, meta }) => `${key}×${devices} ${meta.name}`)
    .sort()
    .join()
const untilNamed = (people: AnyPeople, names: string) => until(() => named(people) === names)

t.test('followPresence() has those who are in a namespace, and each change', async (t) => {
  const { definition } = createDesk()
  const { client } = await serve(t, { '/desk': definition })
  const [ada, bob] = [client({ auth: { user: 'ada' } }), client({ auth: { user: 'bob' } })]
  const joined = ada.join('/desk')
  const people = followPresence<{ name: string }>(joined)
  t.strictSame(people.getSnapshot(), { entries: [], more: 0 })
  await untilNamed(people, 'ada×1 ADA')
  const first = people.getSnapshot()
  t.equal(people.getSnapshot(), first, 'the same object until it changes')
  t.ok(Object.isFrozen(first))
  const other = bob.join('/desk')
  await untilNamed(people, 'ada×1 ADA,bob×1 BOB')
  await other.call('mood:set', 'Robert')
  await untilNamed(people, 'ada×1 ADA,bob×1 Robert')
  other.leave()
  await untilNamed(people, 'ada×1 ADA')
  people.stop()
  const last = people.getSnapshot()
  const again = followPresence<{ name: string }>(joined)
  await joined.call('mood:set', 'Countess')
  await untilNamed(again, 'ada×1 Countess')
  t.equal(people.getSnapshot(), last, 'one that is stopped keeps what it knew')
})

t.test('one that follows after the namespace was joined has everyone, too', async (t) => {
  const { definition } = createDesk()
  const { client } = await serve(t, { '/desk': definition })
  const joined = client({ auth: { user: 'ada' } }).join('/desk')
  const first = followPresence<{ name: string }>(joined)
  await untilNamed(first, 'ada×1 ADA')
  await untilNamed(followPresence<{ name: string }>(joined), 'ada×1 ADA')
})

t.test('followPresence() of a room has those who are in this room', async (t) => {
  const { definition } = createDesk()
  const { client } = await serve(t, { '/desk': definition })
  const desk = client({ auth: { user: 'ada' } }).join('/desk')
  const other = client({ auth: { user: 'bob' } }).join('/desk')
  const [one, two] = [joinRoom(desk, 'ticket/:id', { id: 1 }), joinRoom(other, 'ticket/:id', { id: 2 })]
  const inOne = followPresence<{ name: string }>(desk, one.name)
  const inTwo = followPresence<{ name: string }>(other, two.name)
  await Promise.all([one.ready, two.ready])
  await untilNamed(inOne, 'ada×1 ADA')
  await untilNamed(inTwo, 'bob×1 BOB')
  const outside = followPresence<{ name: string }>(desk, two.name)
  const late = followPresence<{ name: string }>(other, two.name)
  const both = joinRoom(other, 'ticket/:id', { id: 1 })
  await untilNamed(inOne, 'ada×1 ADA,bob×1 BOB')
  await untilNamed(late, 'bob×1 BOB')
  t.equal(named(outside), '', 'a client that is not in a room is told nothing of it')
  both.leave()
  await untilNamed(inOne, 'ada×1 ADA')
})

t.test('after a reconnect it has those who are here now', async (t) => {
  const { definition } = createDesk()
  const { client, cut, app } = await serve(t, { '/desk': definition })
  const desk = client({ auth: { user: 'ada' } }).join('/desk')
  const room = joinRoom(desk, 'ticket/:id', { id: 1 })
  const people = followPresence<{ name: string }>(desk)
  const inRoom = followPresence<{ name: string }>(desk, room.name)
  await untilNamed(people, 'ada×1 ADA')
  await untilNamed(inRoom, 'ada×1 ADA')
  const seen: string[] = []
  inRoom.subscribe(() => seen.push(named(inRoom)))
  cut()
  await untilStatus(desk, 'recovering')
  await untilStatus(desk, 'joined')
  await until(() => seen.length === 2)
  t.strictSame(seen, ['', 'ada×1 ADA'], 'a room that is not joined again has nobody')
  t.equal(named(people), 'ada×1 ADA')
  app.io.of('/desk').disconnectSockets()
  await untilStatus(desk, 'refused')
  t.equal(named(people), '', 'a namespace that is refused has nobody')
})

t.test('a room that the server has ended has nobody', async (t) => {
  const { definition, open } = createDesk()
  const { client } = await serve(t, { '/desk': definition })
  const desk = client({ auth: { user: 'ada' } }).join('/desk')
  const follow = (id: number) => followPresence<{ name: string }>(desk, joinRoom(desk, 'ticket/:id', { id }).name)
  const [one, two] = [follow(1), follow(2)]
  await untilNamed(one, 'ada×1 ADA')
  await untilNamed(two, 'ada×1 ADA')
  open.delete(1)
  await desk.call('renew')
  await untilNamed(one, '')
  t.equal(named(two), 'ada×1 ADA')
})

t.test('presence:follow tells a client again what it may know, and never fails', async (t) => {
  const { definition } = createDesk()
  const { client } = await serve(t, { '/desk': definition, '/plain': {} })
  const desk = client({ auth: { user: 'ada' } }).join('/desk')
  const states: unknown[] = []
  desk.on('presence:state', (state: unknown) => states.push(state))
  await until(() => states.length === 1)
  await desk.call('presence:follow')
  await until(() => states.length === 2)
  t.strictSame(states[1], states[0])
  for (const payload of ['ticket/1', 'unknown', '']) await desk.call('presence:follow', payload)
  for (const payload of [null, 1, { room: 'ticket/1' }, []]) await desk.call('presence:follow', payload)
  desk.send('presence:follow')
  await until(() => states.length >= 3)
  const people = followPresence(client().join('/plain'))
  t.strictSame(people.getSnapshot().entries, [])
})

t.test('a client that is not counted yet is told when it is, and not before', async (t) => {
  const { client } = await serve(t, {
    '/desk': { presence: { key: () => 'ada', fetch: () => fetched } },
  })
  let fetchEnds: (found: object) => void = () => {}
  const fetched = new Promise<object>((resolve) => {
    fetchEnds = resolve
  })
  const joined = client().join('/desk')
  await joined.ready
  const people = followPresence(joined)
  const seen: unknown[] = []
  people.subscribe(() => seen.push(people.getSnapshot().entries))
  await joined.call('presence:follow')
  fetchEnds({ ada: { name: 'Ada' } })
  await until(() => seen.length > 0)
  t.strictSame(seen, [[{ key: 'ada', devices: 1, meta: { name: 'Ada' } }]])
})
