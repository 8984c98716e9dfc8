import { type as ark } from 'arktype'
import t from 'tap'
import { createMemoryStore } from '../../../../plugin/definition/memory/memory-store.js'
import { normalizeDefinition } from '../../../../plugin/definition/normalize/normalize-definition.js'
import { defineNamespace } from '../../../../plugin/index.js'

const handler = () => {}
const noJoinHooks = {
  onRequest: [],
  preParsing: [],
  preValidation: [],
  preHandler: [],
  preSerialization: [],
  onSend: [],
  onResponse: [],
  onRequestAbort: [],
}

t.test('a definition is normalized and frozen', async (t) => {
  const onConnect = () => {}
  const payload = { type: 'string' }
  const unbounded = { conflate: undefined, dropOldest: undefined, retain: undefined }
  const source = { description: 'Rooms', emits: { hi: { payload, description: 'A greeting' }, bye: {} }, onConnect }
  t.equal(defineNamespace(source), source, 'defineNamespace returns its argument')
  const normal = normalizeDefinition(source, 'at')
  t.ok(Object.isFrozen(normal))
  t.equal(normal.onConnect, onConnect)
  t.equal(normal.onDisconnect, undefined)
  t.strictSame(normal.prose, { description: 'Rooms' })
  t.equal(normal.contractMismatch, 'warn')
  t.strictSame(
    [...normal.emits],
    [
      ['hi', { payload, reply: undefined, ...unbounded, prose: { description: 'A greeting' }, examples: undefined }],
      ['bye', { payload: undefined, reply: undefined, ...unbounded, prose: {}, examples: undefined }],
    ],
  )
})

t.test('an omitted property of a definition has its default', async (t) => {
  const normal = normalizeDefinition({}, 'at')
  t.strictSame(normal, {
    prose: {},
    sequential: false,
    contractMismatch: 'warn',
    emits: new Map(),
    rooms: new Map(),
    hasEmits: false,
    events: new Map(),
    schema: {},
    joinHooks: { ...noJoinHooks },
    route: {},
    hooks: { onEvent: [], preValidation: [], preHandler: [], onAck: [], onError: [] },
    expiresAt: undefined,
    onConnect: undefined,
    onRecover: undefined,
    onDisconnect: undefined,
    feed: undefined,
    presence: undefined,
  })
  t.strictSame(normalizeDefinition({ schema: undefined, eventHooks: undefined, emits: undefined }, 'at'), normal)
  t.equal(normalizeDefinition({ emits: {} }, 'at').hasEmits, true, 'an empty list of emits counts as a list')
  t.equal(normalizeDefinition({ sequential: true }, 'at').sequential, true)
})

t.test('a definition with onFirst or onLast has a feed', async (t) => {
  const [onFirst, onLast] = [() => {}, () => {}]
  t.strictSame(normalizeDefinition({ onFirst }, 'at').feed, { onFirst, onLast: undefined, graceMs: 5_000 })
  const { feed } = normalizeDefinition({ onLast, onLastGraceMs: 0 }, 'at')
  t.strictSame(feed, { onFirst: undefined, onLast, graceMs: 0 })
  t.ok(Object.isFrozen(feed))
})

t.test('joining has the given schemas, and its hooks are always arrays', async (t) => {
  const [a, b, c] = [async () => {}, () => {}, () => {}]
  const [expiresAt, onConnect, onRecover, onDisconnect] = [() => 0, () => {}, () => {}, () => {}]
  const schema = { params: { type: 'object' }, auth: ark({ token: 'string' }), headers: undefined }
  const source = { schema, onRequest: a, preHandler: [b, c], expiresAt, onConnect, onRecover, onDisconnect }
  const normal = normalizeDefinition(source, 'at')
  t.strictSame(Object.keys(normal.schema), ['params', 'auth'])
  t.equal(normal.schema.params, schema.params)
  t.equal(normal.schema.auth, schema.auth)
  t.strictSame(normal.joinHooks, { ...noJoinHooks, onRequest: [a], preHandler: [b, c] })
  t.match(normal, { expiresAt, onConnect, onRecover, onDisconnect })
  for (const part of [normal.schema, normal.joinHooks, normal.joinHooks.preHandler]) t.ok(Object.isFrozen(part))
  t.notOk(Object.isFrozen(source.preHandler), "the user's list is left as it was")
  const every = { params: true, querystring: {}, headers: {}, auth: {} }
  t.strictSame(normalizeDefinition({ schema: every }, 'at').schema, every)
})

t.test('event hooks and joining hooks are separate', async (t) => {
  const [joining, ofEvents] = [async () => {}, () => {}]
  const source = { preHandler: joining, eventHooks: { preHandler: ofEvents, onAck: [ofEvents, ofEvents] } }
  const { joinHooks, hooks } = normalizeDefinition(source, 'at')
  t.strictSame(joinHooks.preHandler, [joining])
  t.strictSame(hooks, {
    onEvent: [],
    preValidation: [],
    preHandler: [ofEvents],
    onAck: [ofEvents, ofEvents],
    onError: [],
  })
})

t.test('an event is completed and frozen, and its hooks are always arrays', async (t) => {
  const [onEvent, before, after] = [() => {}, () => {}, () => {}]
  const schema = { type: 'string' }
  const source = {
    full: {
      payload: schema,
      reply: true,
      errors: { ROOM_FULL: schema, CLOSED: undefined },
      description: 'Says something',
      handlerTimeoutMs: 0,
      handler,
      onEvent,
      preHandler: [before, after],
    },
    bare: { handler },
  }
  const { events } = normalizeDefinition({ events: source }, 'at')
  const none = { onEvent: [], preValidation: [], preHandler: [], onAck: [], onError: [] }
  t.strictSame(events.get('full'), {
    payload: schema,
    reply: true,
    errors: new Map<string, unknown>([
      ['ROOM_FULL', schema],
      ['CLOSED', true],
    ]),
    stream: undefined,
    prose: { description: 'Says something' },
    examples: undefined,
    handlerTimeoutMs: 0,
    idempotency: undefined,
    room: undefined,
    hooks: { ...none, onEvent: [onEvent], preHandler: [before, after] },
    handler,
    relay: undefined,
  })
  t.strictSame(events.get('bare'), {
    payload: undefined,
    reply: undefined,
    stream: undefined,
    errors: new Map(),
    prose: {},
    examples: undefined,
    handlerTimeoutMs: undefined,
    idempotency: undefined,
    room: undefined,
    hooks: none,
    handler,
    relay: undefined,
  })
  t.ok(Object.isFrozen(events.get('full')))
})

t.test('by default idempotency keeps acks for ten minutes in the memory of this process', async (t) => {
  const key = () => 'x'
  const idempotencyOf = (idempotency: object) =>
    normalizeDefinition({ events: { x: { handler, idempotency } } }, 'at').events.get('x')?.idempotency
  const bare = idempotencyOf({ key })
  t.match(bare, { key, ttlMs: 600_000, leaseMs: 10_000, transaction: false })
  t.match(await bare?.store.claim('x', { leaseMs: 1, ttlMs: 1, fingerprint: '' }), { token: String })
  const store = createMemoryStore()
  const whole = { key, ttlMs: 1, leaseMs: 2, store, transaction: false }
  t.strictSame(idempotencyOf({ key, ttlMs: 1, leaseMs: 2, store }), whole)
  t.equal(idempotencyOf({ key, store })?.store, store)
})

t.test('a store may be an instance of a class', async (t) => {
  class Store {
    async claim() {}
    async renew() {}
    async settle() {}
    async release() {}
  }
  const store = new Store()
  const idempotency = { key: () => 'x', store }
  const { events } = normalizeDefinition({ events: { x: { handler, idempotency } } }, 'at')
  t.equal(events.get('x')?.idempotency?.store, store)
})

t.test('a schema is an object, a function or a boolean', async (t) => {
  for (const payload of [{}, true, false, ark('string')]) {
    t.equal(normalizeDefinition({ emits: { x: { payload } } }, 'at').emits.get('x')?.payload, payload)
  }
})

t.test('an event may have any name that is not reserved', async (t) => {
  const names = ['', 'error', 'a b', '7', 'toString', 'constructor', '__proto__']
  const events = Object.fromEntries(names.map((name) => [name, { handler }]))
  t.strictSame([...normalizeDefinition({ events }, 'at').events.keys()].sort(), names.sort())
})

const key = () => 'x'
const event = (entries: object) => ({ events: { 'a b': { handler, ...entries } } })
const idempotency = (entries: unknown) => event({ idempotency: entries })
const AT = 'at\\.events\\["a b"\\]'

const wrong: [definition: unknown, message: string][] = [
  [undefined, 'at must be an object: got undefined'],
  [null, 'at must be an object: got null'],
  [[], 'at must be an object: got array'],
  ['x', 'at must be an object: got string'],
  [handler, 'at must be an object: got function'],
  [
    { onConect: handler },
    'at\\.onConect is unknown: did you mean "onConnect"\\? use one of summary, description, tags, deprecated, hide, schema, data, onRequest, preParsing, preValidation, preHandler, ' +
      'preSerialization, onSend, onResponse, onRequestAbort, config, constraints, logLevel, logSerializers, errorHandler, ' +
      'schemaErrorFormatter, attachValidation, expiresAt, onConnect, onRecover, onDisconnect, onFirst, onLast, onLastGraceMs, events, rooms, eventHooks, emits, sequential, contractMismatch, presence',
  ],
  ...['onEvent', 'onAck', 'onError'].map((name): [unknown, string] => [
    { [name]: handler },
    `at\\.${name} is unknown: use one of .+, eventHooks, .+`,
  ]),
  [{ onConnect: 'x' }, 'at\\.onConnect must be a function: got string'],
  [{ onDisconnect: {} }, 'at\\.onDisconnect must be a function: got object'],
  [{ onFirst: 'x' }, 'at\\.onFirst must be a function: got string'],
  [{ onLast: {} }, 'at\\.onLast must be a function: got object'],
  [{ onFirst: handler, onLastGraceMs: -1 }, 'at\\.onLastGraceMs must be a whole number of milliseconds, or 0'],
  [{ presence: true }, 'at\\.presence must be an object: got boolean'],
  [{ presence: {} }, 'at\\.presence\\.key is missing: it returns who a socket belongs to'],
  [{ presence: { key: 'id' } }, 'at\\.presence\\.key must be a function: got string'],
  [{ presence: { key: handler, grace: 1 } }, 'at\\.presence\\.grace is unknown: .*'],
  [{ presence: { key: handler, graceMs: -1 } }, 'at\\.presence\\.graceMs must be a whole number of milliseconds, or 0'],
  [
    { presence: { key: handler, maxKeys: 0 } },
    'at\\.presence\\.maxKeys must be a whole number from 1 to 1000000: got 0',
  ],
  [
    { presence: { key: handler, maxMetaBytes: 1.5 } },
    'at\\.presence\\.maxMetaBytes must be a whole number from 1 to 65536: got 1.5',
  ],
  [{ emits: { 'presence:state': {} } }, 'at\\.emits\\["presence:state"\\] is reserved .*'],
  [{ onLastGraceMs: 1 }, 'at\\.onLastGraceMs is for onFirst and onLast: write one of them'],
  [{ onConnect: null }, 'at\\.onConnect must be a function: got null'],
  [{ description: 7 }, 'at\\.description must be a string: got number'],
  [{ sequential: 'yes' }, 'at\\.sequential must be a boolean: got string'],
  [{ onRecover: 7 }, 'at\\.onRecover must be a function: got number'],
  [{ expiresAt: new Date() }, 'at\\.expiresAt must be a function: got object'],
  [{ onRequest: 'x' }, 'at\\.onRequest must be a function, or an array of functions: got string'],
  [{ preValidation: [handler, 7] }, 'at\\.preValidation must be a function, or an array of functions: got number'],
  [{ preHandler: [undefined] }, 'at\\.preHandler must be a function, or an array of functions: got undefined'],
  [{ preHandler: null }, 'at\\.preHandler must be a function, or an array of functions: got null'],

  [{ eventHooks: handler }, 'at\\.eventHooks must be an object: got function'],
  [{ eventHooks: null }, 'at\\.eventHooks must be an object: got null'],
  [
    { eventHooks: { onRequest: handler } },
    'at\\.eventHooks\\.onRequest is unknown: use one of onEvent, preValidation, preHandler, onAck, onError',
  ],
  [
    { eventHooks: { onEvent: 'x' } },
    'at\\.eventHooks\\.onEvent must be a function, or an array of functions: got string',
  ],
  [{ eventHooks: { onAck: {} } }, 'at\\.eventHooks\\.onAck must be a function, or an array of functions: got object'],

  [{ schema: [] }, 'at\\.schema must be an object: got array'],
  [{ schema: null }, 'at\\.schema must be an object: got null'],
  [{ schema: { body: {} } }, 'at\\.schema\\.body is unknown: use one of params, querystring, headers, auth'],
  ...['params', 'querystring', 'headers', 'auth'].map((part): [unknown, string] => [
    { schema: { [part]: 'object' } },
    `at\\.schema\\.${part} must be a schema: got string`,
  ]),
  [{ schema: { auth: null } }, 'at\\.schema\\.auth must be a schema: got null'],

  [{ emits: 7 }, 'at\\.emits must be an object: got number'],
  [{ emits: [] }, 'at\\.emits must be an object: got array'],
  [{ emits: { 'a b': 7 } }, 'at\\.emits\\["a b"\\] must be an object: got number'],
  [
    { emits: { hi: { schema: {} } } },
    'at\\.emits\\["hi"\\]\\.schema is unknown: use one of payload, reply, conflate, dropOldest, retain, summary, description, tags, deprecated, hide, examples',
  ],
  [{ emits: { hi: { payload: 'string' } } }, 'at\\.emits\\["hi"\\]\\.payload must be a schema: got string'],
  [{ emits: { hi: { payload: null } } }, 'at\\.emits\\["hi"\\]\\.payload must be a schema: got null'],
  [{ emits: { hi: { reply: 7 } } }, 'at\\.emits\\["hi"\\]\\.reply must be a schema: got number'],
  [{ emits: { hi: { conflate: 'symbol' } } }, 'at\\.emits\\["hi"\\]\\.conflate must be a function: got string'],
  ...([0, -1, 1.5, Number.NaN, 2 ** 53, '5', null] as const).map((dropOldest): [unknown, string] => [
    { emits: { hi: { dropOldest } } },
    `at\\.emits\\["hi"\\]\\.dropOldest must be a whole number of emits, 1 or more: got ${typeof dropOldest === 'string' ? 'string' : dropOldest}`,
  ]),
  [
    { emits: { hi: { conflate: () => 'key', dropOldest: 5 } } },
    'at\\.emits\\["hi"\\]\\.dropOldest can not be combined with `conflate`, which keeps one emit of each key',
  ],
  [
    { emits: { hi: { conflate: () => 'key', reply: {} } } },
    'at\\.emits\\["hi"\\]\\.conflate can not be combined with `reply`: an emit that waits for an answer is never dropped',
  ],
  [
    { emits: { hi: { dropOldest: 5, reply: {} } } },
    'at\\.emits\\["hi"\\]\\.dropOldest can not be combined with `reply`: .+',
  ],
  [{ emits: { hi: { description: 1 } } }, 'at\\.emits\\["hi"\\]\\.description must be a string: got number'],
  [{ emits: { disconnect: {} } }, 'at\\.emits\\["disconnect"\\] is reserved by .+: use another name, .+'],
  [
    { emits: { 'namespace:disconnect': {} } },
    'at\\.emits\\["namespace:disconnect"\\] is reserved by .+: use another name, .+',
  ],

  [{ events: 7 }, 'at\\.events must be an object: got number'],
  [{ events: { 'a b': handler } }, `${AT} must be an object: got function`],
  [{ events: { 'a b': {} } }, `${AT}\\.handler is missing: an event needs a function, handler: .+`],
  [event({ handler: 'x' }), `${AT}\\.handler must be a function: got string`],
  [
    event({ ack: {} }),
    `${AT}\\.ack is unknown: use one of payload, reply, stream, itemId, credits, readTimeoutMs, errors, summary, description, .+`,
  ],
  [event({ payload: 7 }), `${AT}\\.payload must be a schema: got number`],
  [event({ reply: 'x' }), `${AT}\\.reply must be a schema: got string`],
  [event({ errors: [] }), `${AT}\\.errors must be an object: got array`],
  [event({ errors: { NO: 7 } }), `${AT}\\.errors\\["NO"\\] must be a schema: got number`],
  [event({ description: {} }), `${AT}\\.description must be a string: got object`],
  [event({ onError: [null] }), `${AT}\\.onError must be a function, or an array of functions: got null`],
  ...['1s', null].map((value): [unknown, string] => [
    event({ handlerTimeoutMs: value }),
    `${AT}\\.handlerTimeoutMs must be a number: got ${value === null ? 'null' : 'string'}`,
  ]),
  ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31].map((value): [unknown, string] => [
    event({ handlerTimeoutMs: value }),
    `${AT}\\.handlerTimeoutMs must be a whole number of milliseconds, or 0`,
  ]),

  [idempotency(true), `${AT}\\.idempotency must be an object: got boolean`],
  [
    idempotency({ key, ttl: 1 }),
    `${AT}\\.idempotency\\.ttl is unknown: use one of key, ttlMs, leaseMs, store, transaction`,
  ],
  [idempotency({}), `${AT}\\.idempotency\\.key is missing: it must be a function that returns the key of an event`],
  [idempotency({ key: 'id' }), `${AT}\\.idempotency\\.key must be a function: got string`],
  [idempotency({ key, ttlMs: '1s' }), `${AT}\\.idempotency\\.ttlMs must be a number: got string`],
  ...[0, -1, 0.5, 2 ** 31].map((ttlMs): [unknown, string] => [
    idempotency({ key, ttlMs }),
    `${AT}\\.idempotency\\.ttlMs must be a whole number of milliseconds`,
  ]),
  [idempotency({ key, leaseMs: 0 }), `${AT}\\.idempotency\\.leaseMs must be a whole number of milliseconds`],
  [idempotency({ key, store: 'redis' }), `${AT}\\.idempotency\\.store must be an object: got string`],
  ...['claim', 'renew', 'settle', 'release'].map((method): [unknown, string] => [
    idempotency({ key, store: { ...createMemoryStore(), [method]: undefined } }),
    `${AT}\\.idempotency\\.store\\.${method} is missing: a store has the methods claim, renew, settle and release, .+`,
  ]),
  [
    idempotency({ key, store: { ...createMemoryStore(), close: 7 } }),
    `${AT}\\.idempotency\\.store\\.close must be a function: got number`,
  ],
  [
    idempotency({ key, store: { ...createMemoryStore(), settle: 7 } }),
    `${AT}\\.idempotency\\.store\\.settle must be a function: got number`,
  ],
  ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map(
    (name): [unknown, string] => [
      { events: { [name]: { handler } } },
      `at\\.events\\["${name}"\\] is reserved by .+: use another name, .+`,
    ],
  ),
]

t.test('an invalid value of a definition is refused with its path', async (t) => {
  for (const [definition, message] of wrong) {
    t.throws(
      () => normalizeDefinition(definition, 'at'),
      { code: 'FST_NSP_DEFINITION_INVALID', message: new RegExp(`^Definition ${message}$`) },
      message,
    )
  }
})

t.test('prose and examples are kept as they are given', async (t) => {
  const prose = { summary: 'Rooms', description: 'All rooms.', tags: ['rooms'], deprecated: true, hide: false }
  const events = { say: { handler, ...prose, examples: [{ text: 'hi' }] } }
  const normal = normalizeDefinition({ ...prose, events, emits: { said: { ...prose, examples: [] } } }, 'at')
  t.strictSame(normal.prose, prose)
  t.strictSame(normal.events.get('say')?.prose, prose)
  t.strictSame(normal.events.get('say')?.examples, [{ text: 'hi' }])
  t.strictSame(normal.emits.get('said')?.prose, prose)
  t.strictSame(normal.emits.get('said')?.examples, [])
})

t.test('a stream has 16 credits, and waits a minute for its reader', async (t) => {
  const item = { type: 'string' }
  const itemId = () => 1
  const streamOf = (event: object) =>
    normalizeDefinition({ events: { x: { handler, ...event } } }, 'at').events.get('x')?.stream
  t.strictSame(streamOf({ stream: item }), { item, itemId: undefined, credits: 16, readTimeoutMs: 60_000 })
  t.strictSame(streamOf({ stream: true, itemId, credits: 1_024, readTimeoutMs: 0 }), {
    item: true,
    itemId,
    credits: 1_024,
    readTimeoutMs: 0,
  })
})

t.test('a wrong key of a document or of a stream is refused with its path', async (t) => {
  const refused = (definition: object, path: string, problem: string | RegExp) =>
    t.throws(
      () => normalizeDefinition(definition, 'at'),
      { code: 'FST_NSP_DEFINITION_INVALID', message: problem },
      path,
    )
  const event = (keys: object) => ({ events: { x: { handler, ...keys } } })
  refused({ tags: 'rooms' }, 'tags', 'Definition at.tags must be an array: got string')
  refused({ tags: ['a', 1] }, 'tags[1]', 'Definition at.tags[1] must be a string: got number')
  refused({ hide: 'yes' }, 'hide', 'Definition at.hide must be a boolean: got string')
  refused(event({ examples: {} }), 'examples', 'Definition at.events["x"].examples must be an array: got object')
  const circular: Record<string, unknown> = {}
  circular.self = circular
  for (const [example, problem] of [
    [1n, 'Do not know how to serialize a BigInt'],
    [circular, 'Converting circular structure to JSON'],
  ]) {
    const message = `Definition at.events["x"].examples[1] can not be written as JSON: ${problem}`
    refused(event({ examples: [1, example] }), 'examples', message)
  }
  refused(
    { contractMismatch: 'no' },
    'word',
    'Definition at.contractMismatch must be one of off, warn, refuse: got "no"',
  )
  refused(
    { contractMismatch: 1 },
    'number',
    'Definition at.contractMismatch must be one of off, warn, refuse: got number',
  )
  refused(event({ credits: 3 }), 'no stream', /^Definition at\.events\["x"\]\.credits is for streams: /)
  refused(
    event({ stream: true, credits: 0 }),
    'credits',
    /credits must be a whole number of items from 1 to 1024: got 0$/,
  )
  refused(event({ stream: true, credits: '9' }), 'credits', /credits must be .*: got string$/)
  refused(event({ stream: true, itemId: 'id' }), 'itemId', /itemId must be a function: got string$/)
  refused(
    event({ stream: true, idempotency: { key: () => 'k' } }),
    'idempotency',
    /^Definition at\.events\["x"\]\.idempotency can not be combined with `stream`/,
  )
})

const relayOf = (relay: object, more: object = {}) =>
  normalizeDefinition({ events: { move: { relay, ...more } } }, 'at').events.get('move')

t.test('a relay goes to the whole namespace, under the name of its event, to members only, and arrives', async (t) => {
  const none = { to: undefined, data: undefined, membersOnly: true, volatile: false }
  t.match(relayOf({}), { handler: undefined, relay: { emit: 'move' } })
  t.strictSame(relayOf({})?.relay, { ...none, emit: 'move' })
  const data = () => 1
  const full = { to: data, data, emit: 'moved', membersOnly: false, volatile: true }
  t.strictSame(relayOf(full)?.relay, full)
  t.strictSame(relayOf({ to: 'a' })?.relay?.to, ['a'])
  t.strictSame(relayOf({ to: ['a', 'b'] })?.relay?.to, ['a', 'b'])
  t.ok(Object.isFrozen(relayOf({})?.relay))
})

t.test('a wrong relay is refused with its path', async (t) => {
  const relay = 'Definition at.events["move"].relay'
  const needs = (key: string) =>
    `${relay} can not be combined with \`${key}\`: an event has a handler, or it is passed on without one`
  const schema = { type: 'string' }
  const to = `${relay}.to must be a room, a list of rooms, or a function that returns them: got`
  const cases: [relay: unknown, event: object, message: string, emits?: object][] = [
    [true, {}, `${relay} must be an object: got boolean`],
    [{ room: 'a' }, {}, `${relay}.room is unknown: use one of to, emit, volatile, data, membersOnly`],
    [{}, { handler }, needs('handler')],
    [{}, { reply: schema }, needs('reply')],
    [{}, { stream: schema }, needs('stream')],
    [{}, { idempotency: { key: handler } }, needs('idempotency')],
    [{ emit: 7 }, {}, `${relay}.emit must be a string: got number`],
    [
      { emit: 'connect' },
      {},
      `${relay}.emit is reserved by Socket.IO or by this plugin: use another name, e.g. "user:connect"`,
    ],
    [{ to: 7 }, {}, `${to} number`],
    [{ to: ['a', 7] }, {}, `${to} number`],
    [{ to: [] }, {}, `${to} no room`],
    [
      { to: async () => 'a' },
      {},
      `${relay}.to must not be async: a relay waits for nothing. Await in a hook, e.g. \`preHandler\``,
    ],
    [{ data: 'x' }, {}, `${relay}.data must be a function: got string`],
    [{ volatile: 1 }, {}, `${relay}.volatile must be a boolean: got number`],
    [{ membersOnly: 1 }, {}, `${relay}.membersOnly must be a boolean: got number`],
    [
      {},
      {},
      `${relay} sends the emit "move", which is not declared: did you mean "moved"? add it to \`emits\``,
      { moved: {} },
    ],
    [{ emit: 'x' }, {}, `${relay}.emit sends the emit "x", which is not declared: add it to \`emits\``, { moved: {} }],
    [
      {},
      {},
      `${relay} sends the emit "move", which has a payload: give the event a \`payload\`, or the relay \`data\``,
      { move: { payload: schema } },
    ],
  ]
  for (const [relay, event, message, emits] of cases) {
    const definition = { ...(emits && { emits }), events: { move: { relay, ...event } } }
    t.throws(() => normalizeDefinition(definition, 'at'), { code: 'FST_NSP_DEFINITION_INVALID', message }, message)
  }
  const emits = { move: { payload: schema }, typing: {} }
  const events = { move: { relay: { data: handler } }, typing: { relay: {} } }
  t.doesNotThrow(() => normalizeDefinition({ emits, events }, 'at'))
})
