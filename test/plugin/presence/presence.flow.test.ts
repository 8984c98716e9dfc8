import t from 'tap'
import type { AnyNamespaceDefinition } from '../../../plugin/index.js'
import { build, join, listen, logLines, next, refusal, until } from '../harness.js'
import { joinAs, listOf } from './present-client.js'

/*
 * Who is here, on one node.
 */

type Presence = NonNullable<AnyNamespaceDefinition['presence']>

const userOf: Presence['key'] = ({ request }) => Object(request.body).user

const present = (more: Partial<Presence> = {}): AnyNamespaceDefinition => ({
  presence: { key: userOf, graceMs: 60_000, ...more },
})

t.test('a client is told who is here when it has joined, itself included, and then each change', async (t) => {
  const app = await build(t, { namespaces: { '/chat': present({ meta: ({ request }) => ({ id: request.body }) }) } })
  const ada = await joinAs(t, app, 'ada')
  t.strictSame(ada.states, [{ entries: [{ key: 'ada', devices: 1, meta: { id: { user: 'ada' } } }], more: 0 }])
  const bob = await joinAs(t, app, 'bob')
  t.strictSame(bob.people, ['ada×1', 'bob×1'])
  await until(() => ada.told.length > 0)
  t.strictSame([ada.told, ada.people], [['+bob'], ['ada×1', 'bob×1']])
  t.strictSame(bob.told, [])
})

t.test('a second device of a key is no second join, and its end is no leave', async (t) => {
  const app = await build(t, { namespaces: { '/chat': present({ graceMs: 20 }) } })
  const ada = await joinAs(t, app, 'ada')
  const one = await joinAs(t, app, 'bob')
  const two = await joinAs(t, app, 'bob')
  await until(() => ada.people.includes('bob×2'))
  await two.socket.close()
  await until(() => ada.people.includes('bob×1'))
  await one.socket.close()
  await until(() => ada.people.length === 1)
  t.strictSame(ada.told, ['+bob', '~bob', '~bob', '-bob'])
})

t.test('two devices that join at once are one join', async (t) => {
  const app = await build(t, { namespaces: { '/chat': present() } })
  const ada = await joinAs(t, app, 'ada')
  await Promise.all([joinAs(t, app, 'bob'), joinAs(t, app, 'bob'), joinAs(t, app, 'bob')])
  await until(() => ada.people.includes('bob×3'))
  t.equal(ada.told.filter((line) => line === '+bob').length, 1)
})

t.test('a page that is reloaded within graceMs shows nothing', async (t) => {
  const app = await build(t, { namespaces: { '/chat': present({ meta: () => ({ name: 'same' }) }) } })
  const ada = await joinAs(t, app, 'ada')
  const bob = await joinAs(t, app, 'bob')
  await until(() => ada.told.length === 1)
  await bob.socket.close()
  t.strictSame(listOf(await app.namespaceOf('/chat').presence()), ['ada×1', 'bob×1'])
  await joinAs(t, app, 'bob')
  await joinAs(t, app, 'cy')
  await until(() => ada.people.length === 3)
  t.strictSame(ada.told, ['+bob', '+cy'])
  t.strictSame(ada.people, ['ada×1', 'bob×1', 'cy×1'])
})

t.test('with graceMs: 0, whoever disconnects has left', async (t) => {
  const app = await build(t, { namespaces: { '/chat': present({ graceMs: 0 }) } })
  const ada = await joinAs(t, app, 'ada')
  const bob = await joinAs(t, app, 'bob')
  await bob.socket.close()
  await until(() => ada.told.includes('-bob'))
  t.strictSame(ada.people, ['ada×1'])
})

t.test(
  'a key is a string or a number; what has none, or a bad one, is not counted, but told who is here',
  async (t) => {
    const { lines, logger } = logLines()
    const keys: Record<string, unknown> = { seven: 7, none: null, long: 'x'.repeat(257), empty: '', object: {} }
    const key: Presence['key'] = ({ request }) => {
      const { user } = Object(request.body)
      if (user === 'throws') throw new Error('no key')
      return (user in keys ? keys[user] : user) as string
    }
    const app = await build(t, { namespaces: { '/chat': present({ key }) } }, undefined, { logger })
    const seven = await joinAs(t, app, 'seven')
    for (const user of ['none', 'long', 'empty', 'object', 'throws']) {
      t.strictSame((await joinAs(t, app, user)).people, ['7×1'], user)
    }
    t.strictSame(seven.told, [])
    const logged = lines.filter(({ msg }) => msg === 'a socket is not counted: its presence.key failed')
    t.strictSame(
      logged.map(({ err }) => (err as Error).message),
      [
        'must be a string of 1 to 256 bytes, or a number: got of 257 bytes',
        'must be a string of 1 to 256 bytes, or a number: got of 0 bytes',
        'must be a string of 1 to 256 bytes, or a number: got object',
        'no key',
      ],
    )
  },
)

t.test('a meta that is no JSON, too long, or throws is null, and logged; a function is null', async (t) => {
  const { lines, logger } = logLines()
  const metas: Record<string, () => unknown> = {
    long: () => 'x'.repeat(99),
    bigint: () => 1n,
    throws: () => {
      throw new Error('no meta')
    },
    nothing: () => undefined,
    good: () => ({ name: 'good' }),
  }
  const meta: Presence['meta'] = ({ request }) => metas[Object(request.body).user]?.()
  const app = await build(t, { namespaces: { '/chat': present({ meta, maxMetaBytes: 100 }) } }, undefined, { logger })
  const first = await joinAs(t, app, 'good')
  for (const user of ['long', 'bigint', 'throws', 'nothing']) await joinAs(t, app, user)
  await until(() => first.people.length === 5)
  t.strictSame(first.metas, { good: { name: 'good' }, long: null, bigint: null, throws: null, nothing: null })
  const logged = lines.filter(({ msg }) => msg === 'the presence of a socket has no meta')
  t.equal(logged.length, 3)
  t.equal(Object(logged[0]?.err).message, 'has 101 bytes: maxMetaBytes is 100')
})

t.test('presence.update() replaces the meta of a key in place, also before its socket has joined', async (t) => {
  const definition: AnyNamespaceDefinition = {
    ...present({ meta: () => 'first', maxMetaBytes: 20 }),
    onConnect: ({ request, presence }) => {
      if (Object(request.body).user === 'early') presence.update('early')
    },
    events: { 'meta:set': { handler: (meta, { presence }) => presence.update(meta) } },
    onDisconnect: ({ presence }) => presence.update('gone'),
  }
  const app = await build(t, { namespaces: { '/chat': definition } })
  const ada = await joinAs(t, app, 'ada')
  const bob = await joinAs(t, app, 'bob')
  t.strictSame(bob.metas, { ada: 'first', bob: 'first' })
  t.ok((await bob.socket.emitWithAck('meta:set', { mood: 'fine' })).ok)
  await until(() => ada.told.length === 2)
  t.strictSame([ada.told, ada.metas], [['+bob', '~bob'], { ada: 'first', bob: { mood: 'fine' } }])
  t.equal((await bob.socket.emitWithAck('meta:set', 'x'.repeat(30))).error.code, 'FST_NSP_INTERNAL')
  t.equal((await joinAs(t, app, 'early')).metas.early, 'early')
  await bob.socket.close()
})

t.test('reauthenticate() reads key and meta again: another key is another person, who leaves at once', async (t) => {
  let [name, key] = ['first', 'bob']
  const definition: AnyNamespaceDefinition = {
    presence: {
      key: ({ request }) => (Object(request.body).user === 'bob' ? key : Object(request.body).user),
      meta: () => name,
      graceMs: 60_000,
    },
    events: { again: { handler: (_, { reauthenticate }) => reauthenticate() } },
  }
  const app = await build(t, { namespaces: { '/chat': definition, '/plain': { events: definition.events as never } } })
  const ada = await joinAs(t, app, 'ada')
  const bob = await joinAs(t, app, 'bob')
  await until(() => ada.told.length === 1)
  name = 'second'
  await bob.socket.emitWithAck('again')
  await until(() => ada.told.length === 2)
  t.strictSame([ada.told, ada.metas], [['+bob', '~bob'], { ada: 'first', bob: 'second' }])
  key = 'robert'
  await bob.socket.emitWithAck('again')
  await until(() => ada.people.includes('robert×1'))
  t.strictSame(ada.people, ['ada×1', 'robert×1'])
  t.equal(bob.states.length, 0 + 1, 'it has the state already')
  const plain = await app.injectSocket('/plain')
  t.ok((await plain.emitWithAck('again')).ok)
})

t.test('without meta, reauthenticate() with the same key changes nothing', async (t) => {
  const again = { handler: (_: unknown, { reauthenticate }: never) => (reauthenticate as () => unknown)() }
  const app = await build(t, { namespaces: { '/chat': { ...present(), events: { again } } as never } })
  const ada = await joinAs(t, app, 'ada')
  t.ok((await ada.socket.emitWithAck('again')).ok)
  t.strictSame([ada.told, ada.people], [[], ['ada×1']])
})

t.test('a refused socket, and one whose onConnect fails or still runs, is not counted and told nothing', async (t) => {
  let release!: () => void
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const definition: AnyNamespaceDefinition = {
    ...present(),
    preHandler: async (request) => {
      if (Object(request.body).user === 'refused') throw new Error('refused')
    },
    onConnect: async ({ request }) => {
      const { user } = Object(request.body)
      if (user === 'fails') throw new Error('fails')
      if (user === 'slow' || user === 'gone') await held
    },
  }
  const app = await build(t, { namespaces: { '/chat': definition } })
  const ada = await joinAs(t, app, 'ada')
  await refusal(app.injectSocket('/chat', { auth: { user: 'refused' } }))
  const fails = await app.injectSocket('/chat', { auth: { user: 'fails' } })
  await until(() => !fails.connected)
  const slow = await app.injectSocket('/chat', { auth: { user: 'slow' } })
  const gone = await app.injectSocket('/chat', { auth: { user: 'gone' } })
  const heard: string[] = []
  slow.onAny((event: string) => heard.push(event))
  await joinAs(t, app, 'bob')
  await until(() => ada.told.length === 1)
  t.strictSame([ada.told, heard], [['+bob'], []])
  await gone.close()
  release()
  await until(() => ada.people.includes('slow×1'))
  t.strictSame([ada.told, heard], [['+bob', '+slow'], ['presence:state']])
})

t.test('a recovered socket is counted once, and receives the state, but no change that it has missed', async (t) => {
  const app = await build(t, {
    io: { connectionStateRecovery: {} },
    namespaces: { '/chat': { ...present(), emits: { news: {} } } },
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const ada = await joinAs(t, app, 'ada')
  const bob = join(t, url, '/chat', { auth: { user: 'bob' }, transports: ['websocket'] })
  const events: unknown[] = []
  bob.onAny((event: string) => events.push(event))
  await next(bob, 'presence:state')
  app.namespaceOf('/chat').emit('news')
  await next(bob, 'news')
  bob.io.engine.close()
  await until(() => app.io.of('/chat').sockets.size === 1)
  const cy = await joinAs(t, app, 'cy')
  bob.connect()
  const [state] = await next(bob, 'presence:state')
  t.ok(bob.recovered)
  t.strictSame(listOf(Object(state).entries), ['ada×1', 'bob×1', 'cy×1'])
  t.strictSame(events, ['presence:state', 'news', 'presence:state'])
  t.strictSame(ada.told, ['+bob', '+cy'])
  t.strictSame(cy.told, [])
})

t.test('fetch completes the meta of many keys at once, before they are shown', async (t) => {
  const calls: (readonly string[])[] = []
  const fetch: Presence['fetch'] = async (keys) => {
    calls.push([...keys].sort())
    return new Map(keys.filter((key) => key !== 'unknown').map((key) => [key, { name: key.toUpperCase() }]))
  }
  const meta: Presence['meta'] = () => ({ isNew: true })
  const app = await build(t, { namespaces: { '/chat': present({ fetch, meta }) } })
  const first = await joinAs(t, app, 'ada')
  t.strictSame(first.metas, { ada: { isNew: true, name: 'ADA' } })
  const users = Array.from({ length: 20 }, (_, at) => `user${at}`)
  await Promise.all([...users, 'unknown', 'user0'].map((user) => joinAs(t, app, user)))
  await until(() => first.people.length === 22)
  t.strictSame(first.metas.user7, { isNew: true, name: 'USER7' })
  t.strictSame(first.metas.unknown, { isNew: true })
  t.ok(calls.length <= 4, `${calls.length} calls for 22 joins`)
  t.equal(calls.flat().length, 22, 'each key once')
})

t.test(
  'a fetch that fails, or finds too much, leaves the meta as it is; one that finds a value replaces it',
  async (t) => {
    const { lines, logger } = logLines()
    const fetch: Presence['fetch'] = ([key]) => {
      if (key === 'fails') throw new Error('no database')
      return { long: 'x'.repeat(99), value: 7 }
    }
    const presence = present({ fetch, meta: () => 'own', maxMetaBytes: 50 })
    const app = await build(t, { namespaces: { '/chat': presence } }, undefined, { logger })
    for (const [user, meta] of [
      ['fails', 'own'],
      ['long', 'own'],
      ['value', 7],
      ['none', 'own'],
    ] as const) {
      t.strictSame((await joinAs(t, app, user)).metas[user], meta, user)
    }
    const logged = lines.filter(({ msg }) => msg === 'the meta of people was not completed')
    t.strictSame(
      logged.map(({ err }) => Object(err).message),
      ['no database', 'has 101 bytes: maxMetaBytes is 50'],
    )
  },
)

t.test('what fetch has found completes the meta of each device, and that of another identity, too', async (t) => {
  const calls: (readonly string[])[] = []
  const fetch: Presence['fetch'] = (keys) => {
    calls.push(keys)
    return { ada: { name: 'Ada' } }
  }
  let tab = 0
  const app = await build(t, {
    namespaces: {
      '/chat': {
        ...present({ fetch, meta: () => ({ tab: ++tab }) }),
        events: { renew: { handler: (_payload, { reauthenticate }) => reauthenticate({ user: 'ada' }) } },
      },
    },
  })
  const first = await joinAs(t, app, 'ada')
  t.strictSame(first.metas.ada, { tab: 1, name: 'Ada' })
  const second = await joinAs(t, app, 'ada')
  t.strictSame(second.metas.ada, { tab: 2, name: 'Ada' })
  await second.socket.emitWithAck('renew')
  await until(() => Object(first.metas.ada).tab === 3)
  t.strictSame(first.metas.ada, { tab: 3, name: 'Ada' })
  t.strictSame(calls, [['ada']])
})

t.test('a promise is no key and no meta: it is logged, and a rejection ends nothing', async (t) => {
  const { lines, logger } = logLines()
  const fails = () => Promise.reject(new Error('floats'))
  const app = await build(
    t,
    {
      namespaces: {
        '/key': present({ key: fails as never }),
        '/meta': present({ meta: fails }),
        '/fetch': present({ meta: () => ({ tab: 1 }), fetch: () => ({ ada: fails() }) }),
        '/update': {
          ...present(),
          events: { 'meta:set': { handler: (_payload, { presence }) => presence.update(fails()) } },
        },
      },
    },
    undefined,
    { logger },
  )
  t.strictSame((await joinAs(t, app, 'ada', '/key')).people, [])
  t.strictSame((await joinAs(t, app, 'ada', '/meta')).metas, { ada: null })
  t.strictSame((await joinAs(t, app, 'ada', '/fetch')).metas, { ada: { tab: 1 } })
  const { socket } = await joinAs(t, app, 'ada', '/update')
  t.match(await socket.emitWithAck('meta:set'), { ok: false })
  const logged = lines.filter(({ err }) => String(Object(err).message).includes('got a promise'))
  t.equal(logged.length, 4)
  t.equal(Object(logged.at(-1)?.err).code, 'FST_NSP_META_INVALID')
})

t.test('a key or a meta that is an async function is refused at boot', async (t) => {
  for (const name of ['key', 'meta']) {
    const presence = { ...present().presence, [name]: async () => 'ada' }
    await t.rejects(build(t, { namespaces: { '/chat': { presence } as never } }), {
      code: 'FST_NSP_DEFINITION_INVALID',
      message: `Definition namespaces["/chat"].presence.${name} must not be async: only fetch may be`,
    })
  }
})

t.test('a fetch whose answer can not be read completes nothing', async (t) => {
  const { lines, logger } = logLines()
  const fetch: Presence['fetch'] = () => ({
    get ada() {
      throw new Error('no column')
    },
  })
  const app = await build(t, { namespaces: { '/chat': present({ fetch }) } }, undefined, { logger })
  t.strictSame((await joinAs(t, app, 'ada')).metas, { ada: null })
  t.match(lines.at(-1), { err: { message: 'no column' }, msg: 'the meta of people was not completed' })
})

t.test('whoever leaves while the fetch runs was never here', async (t) => {
  let answer!: (found: object) => void
  const found = new Promise<object>((resolve) => {
    answer = resolve
  })
  const fetch: Presence['fetch'] = ([key]) => (key === 'bob' ? found : {})
  const app = await build(t, { namespaces: { '/chat': present({ fetch }) } })
  const ada = await joinAs(t, app, 'ada')
  const bob = await app.injectSocket('/chat', { auth: { user: 'bob' } })
  await bob.close()
  await until(() => app.io.of('/chat').sockets.size === 1)
  answer({})
  await joinAs(t, app, 'cy')
  await until(() => ada.told.length === 1)
  t.strictSame(ada.told, ['+cy'])
})

t.test(
  'clients are told of maxKeys keys; the others are counted, and take the places of those who leave',
  async (t) => {
    const app = await build(t, { namespaces: { '/chat': present({ maxKeys: 2, graceMs: 1 }) } })
    const ada = await joinAs(t, app, 'ada')
    const bob = await joinAs(t, app, 'bob')
    const cy = await joinAs(t, app, 'cy')
    t.strictSame([cy.people, cy.more], [['ada×1', 'bob×1'], 1])
    await joinAs(t, app, 'cy')
    const dan = await joinAs(t, app, 'dan')
    t.equal(dan.more, 2)
    await until(() => ada.more === 2)
    t.strictSame(listOf(await app.namespaceOf('/chat').presence()), ['ada×1', 'bob×1', 'cy×2', 'dan×1'])
    await bob.socket.close()
    await until(() => ada.people.includes('cy×2'))
    t.strictSame([ada.people, ada.more, ada.told], [['ada×1', 'cy×2'], 1, ['+bob', '-bob', '+cy']])
    await dan.socket.close()
    await until(() => ada.more === 0)
  },
)

t.test('each address of a dynamic name has people of its own', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': present() } })
  const one = await joinAs(t, app, 'ada', '/orgs/1')
  const two = await joinAs(t, app, 'bob', '/orgs/2')
  t.strictSame([one.people, two.people], [['ada×1'], ['bob×1']])
  t.strictSame(listOf(await app.namespaceOf('/orgs/:orgId', { orgId: 1 }).presence()), ['ada×1'])
  t.strictSame(await app.namespaceOf('/orgs/:orgId', { orgId: 3 }).presence(), [])
})

t.test('a namespace without presence has none: FST_NSP_PRESENCE_OFF', async (t) => {
  const update = {
    handler: (_: unknown, { presence }: never) => (presence as { update(meta: unknown): void }).update(1),
  }
  const app = await build(t, { namespaces: { '/chat': { events: { update } } as never, '/other': present() } })
  await t.rejects(app.namespaceOf('/chat').presence(), { code: 'FST_NSP_PRESENCE_OFF' })
  t.strictSame(await app.namespaceOf('/other').presence(), [], 'before the instance is ready')
  const socket = await app.injectSocket('/chat')
  t.equal((await socket.emitWithAck('update')).error.code, 'FST_NSP_INTERNAL')
})

t.test('presence.update() throws FST_NSP_META_INVALID for a meta that nobody could be shown', async (t) => {
  const errors: unknown[] = []
  const update = {
    handler: (meta: unknown, { presence }: never) => (presence as { update(meta: unknown): void }).update(meta),
    onError: (_: unknown, error: unknown) => errors.push(error),
  }
  const app = await build(t, {
    namespaces: { '/chat': { ...present({ maxMetaBytes: 9 }), events: { update } } as never },
  })
  const ada = await joinAs(t, app, 'ada')
  await ada.socket.emitWithAck('update', 'too long for nine')
  t.match(errors, [
    { code: 'FST_NSP_META_INVALID', message: 'A presence meta in /chat has 19 bytes: maxMetaBytes is 9' },
  ])
})
