import t from 'tap'
import type { EventDescription, NamespaceDescription } from '../../../plugin/definition/contract/description.js'
import { DOCUMENT_DEFAULTS } from '../../../plugin/definition/normalize/document-options.js'
import { publish } from '../../../plugin/document/published.js'
import { renderDocument } from '../../../plugin/document/render-document.js'

const describe = (namespace: Partial<NamespaceDescription> & { readonly name: string }): NamespaceDescription => ({
  hash: '0123456789abcdef',
  isDynamic: false,
  events: {},
  emits: {},
  hasEmits: true,
  schemas: {},
  hooks: {},
  eventHooks: {},
  sequential: false,
  contractMismatch: 'warn',
  ...namespace,
})
const event = (parts: Partial<EventDescription> = {}): EventDescription => ({
  errors: {},
  handlerTimeoutMs: 10_000,
  hooks: {},
  ...parts,
})
const serverOf = (...namespaces: NamespaceDescription[]) => ({ version: 1 as const, path: '/socket.io', namespaces })
const render = (...namespaces: NamespaceDescription[]) => renderDocument(serverOf(...namespaces), DOCUMENT_DEFAULTS)
const string = { jsonSchema: { type: 'string' } }

t.test('a namespace is a channel, with its parameters', async (t) => {
  const params = {
    jsonSchema: { properties: { orgId: { description: 'The organisation', enum: [1, 2], default: 1, examples: [2] } } },
  }
  const { channels } = render(
    describe({ name: '/' }),
    describe({
      name: '/orgs/:orgId/:id(^\\d+$)',
      params,
      deprecated: true,
      summary: 'One',
      description: 'Two',
      tags: ['a', 'b', 'a'],
    }),
    describe({ name: '/files/{x}/*', params: { jsonSchema: true } }),
  )
  t.strictSame(Object.keys(channels), ['default', 'orgs.orgId.id.d', 'files.x'])
  t.strictSame(channels.default, {
    address: '/',
    title: '/',
    messages: {},
    'x-socketio': { namespace: '/', contract: '0123456789abcdef', contractMismatch: 'warn', sequential: false },
  })
  t.match(channels['orgs.orgId.id.d'], {
    address: '/orgs/{orgId}/{id}',
    summary: 'One',
    description: 'Two',
    tags: [{ name: 'a' }, { name: 'b' }],
    parameters: {
      orgId: { description: 'The organisation', enum: ['1', '2'], default: '1', examples: ['2'] },
      id: { 'x-socketio': { constraint: '(^\\d+$)' } },
    },
    'x-socketio': { deprecated: true, params: params.jsonSchema },
  })
  t.match(channels['files.x'], { address: '/files/%7Bx%7D/{wildcard}', parameters: { wildcard: {} } })
})

t.test('an event is an operation that the server receives, and its acks are the reply', async (t) => {
  const { channels, operations } = render(
    describe({
      name: '/chat',
      events: {
        'message:send': event({
          payload: string,
          reply: string,
          errors: { ROOM_FULL: { jsonSchema: { type: 'integer' } } },
          summary: 'Says it',
          deprecated: true,
          isIdempotent: true,
          examples: ['hi', { $ref: '#/nowhere' }],
        }),
        ping: event({ reply: { ...string, vendor: 'zod' } }),
        pong: event(),
      },
    }),
  )
  const place = '#/channels/chat/messages/'
  t.strictSame(operations['receive.chat.message.send'], {
    action: 'receive',
    channel: { $ref: '#/channels/chat' },
    title: 'message:send',
    summary: 'Says it',
    messages: [{ $ref: `${place}event.message.send` }],
    reply: {
      channel: { $ref: '#/channels/chat' },
      messages: [
        { $ref: `${place}ack.message.send` },
        { $ref: `${place}error.ROOM_FULL.message.send` },
        { $ref: `${place}error.message.send` },
      ],
    },
    'x-socketio': { event: 'message:send', handlerTimeoutMs: 10_000, deprecated: true, isIdempotent: true },
  })
  const messages = Object(channels.chat?.messages)
  t.strictSame(messages['event.message.send'], {
    name: 'message:send',
    title: 'message:send',
    summary: 'Says it',
    deprecated: true,
    examples: [{ payload: 'hi' }],
    payload: { type: 'string' },
  })
  t.strictSame(messages['event.ping'], { name: 'ping', title: 'ping' })
  t.strictSame(messages['ack.message.send'].payload, {
    type: 'object',
    properties: { ok: { const: true }, data: { type: 'string' } },
    required: ['ok', 'data'],
  })
  t.strictSame(messages['ack.ping'].payload.required, ['ok'], 'a library may accept undefined')
  t.match(operations['receive.chat.pong']?.reply?.messages, [{ $ref: `${place}ack` }, { $ref: `${place}error` }])
  t.match(messages['error.ROOM_FULL.message.send'].payload.properties, {
    ok: { const: false },
    error: { properties: { code: { const: 'ROOM_FULL' }, details: { type: 'integer' } } },
  })
  t.match(messages['error.message.send'].payload.properties.error.properties.code, { not: { enum: ['ROOM_FULL'] } })
  t.strictSame(messages.error.payload.properties.error.properties.code, { type: 'string' })
})

t.test('the items of a stream are an operation that the server sends', async (t) => {
  const stream = { item: string, credits: 16, isResumable: true, readTimeoutMs: 60_000 }
  const { channels, operations } = render(
    describe({
      name: '/logs',
      events: { tail: event({ stream }), head: event({ stream: { ...stream, isResumable: false } }) },
    }),
  )
  t.match(operations['receive.logs.tail']?.['x-socketio'], {
    arguments: ['payload', '{ id, credits?, lastId? }'],
    stream: { credits: 16, isResumable: true, readTimeoutMs: 60_000, items: 'item.logs.tail' },
  })
  t.match(operations['item.logs.tail'], {
    action: 'send',
    'x-socketio': { event: 'namespace:item', arguments: ['id', 'item', 'itemId'], streamOf: 'tail' },
  })
  t.match(operations['item.logs.head']?.['x-socketio'], { arguments: ['id', 'item'] })
  t.match(channels.logs?.messages['item.tail'], { name: 'namespace:item', payload: { type: 'string' } })
})

t.test('an emit is an operation that the server sends, and a client may answer', async (t) => {
  const { channels, operations } = render(
    describe({ name: '/chat', emits: { 'call:ring': { payload: string, reply: string, deprecated: true }, bell: {} } }),
  )
  t.match(operations['send.chat.call.ring'], {
    action: 'send',
    reply: { messages: [{ $ref: '#/channels/chat/messages/answer.call.ring' }] },
    'x-socketio': { event: 'call:ring', deprecated: true },
  })
  t.notOk(operations['send.chat.bell']?.reply)
  t.match(channels.chat?.messages['answer.call.ring'], { name: 'ack', payload: { type: 'string' } })
})

t.test('a required token, or an Authorization header, is a security scheme', async (t) => {
  const demand = (name: string) => ({ jsonSchema: { required: [name], properties: { [name]: { type: 'string' } } } })
  const bell = { emits: { bell: {} } }
  const { operations, components, channels } = render(
    describe({ name: '/a', auth: demand('token'), ...bell }),
    describe({
      name: '/b',
      headers: demand('authorization'),
      auth: { jsonSchema: { properties: { token: {} } } },
      ...bell,
    }),
    describe({
      name: '/c',
      auth: demand('apiKey'),
      headers: { vendor: 'valibot' },
      querystring: demand('token'),
      ...bell,
    }),
  )
  t.strictSame(operations['send.a.bell']?.security, [{ $ref: '#/components/securitySchemes/token' }])
  t.strictSame(operations['send.b.bell']?.security, [{ $ref: '#/components/securitySchemes/authorization' }])
  t.notOk(operations['send.c.bell']?.security)
  t.match(components.securitySchemes, {
    token: { type: 'http', scheme: 'bearer' },
    authorization: { type: 'httpApiKey', in: 'header' },
  })
  t.match(channels.a?.['x-socketio'], { auth: demand('token').jsonSchema })
  const own = renderDocument(serverOf(describe({ name: '/a', auth: demand('token') })), {
    ...DOCUMENT_DEFAULTS,
    components: { securitySchemes: { token: { type: 'apiKey', in: 'user' } } },
  })
  t.match(own.components.securitySchemes, { token: { type: 'apiKey' } }, "the application's own scheme has priority")
})

t.test('any name has an id of its own, of letters, digits, dots, - and _', async (t) => {
  const names = [
    '',
    '__proto__',
    'a/b~c{d}',
    'a.b.c.d',
    '日本',
    '🫖',
    'toString',
    '..',
    'x'.repeat(5_000),
    `${'x'.repeat(5_000)}y`,
  ]
  const events = Object.fromEntries(names.map((name) => [name, event()]))
  const { channels, operations } = render(
    describe({ name: '/chat', events }),
    describe({ name: '/toString' }),
    describe({ name: '/…' }),
    describe({ name: '/..' }),
  )
  t.strictSame(Object.keys(channels), ['chat', 'toString_1', 'u2026', 'none'])
  t.equal(new Set(Object.keys(operations)).size, names.length)
  for (const id of [...Object.keys(operations), ...Object.keys(Object(channels.chat).messages)])
    t.match(id, /^[\w.-]{1,80}$/)
  t.strictSame(
    Object.values(Object(channels.chat).messages as object).flatMap(({ name }) => (name === 'ack' ? [] : [name])),
    Object.keys(events),
  )
  t.strictSame(Object.keys(operations).slice(0, 5), [
    'receive.chat',
    'receive.chat.__proto__',
    'receive.chat.a.b.c.d',
    'receive.chat.a.b.c.d_2',
    'receive.chat.u65e5u672c',
  ])
})

t.test('what is hidden is not published, nor the schemas that only it refers to', async (t) => {
  const described = serverOf(
    describe({ name: '/hidden', hide: true }),
    describe({ name: '/whole', schemas: { Unused: { $id: 'Unused' } } }),
    describe({
      name: '/chat',
      schemas: {
        Secret: { $id: 'Secret', properties: { a: { $ref: 'Deep#' } } },
        Deep: { $id: 'Deep', properties: { b: { $ref: 'Secret#' } } },
        Message: { $id: 'Message', properties: { from: { $ref: 'User#/definitions/name' } } },
        User: {
          $id: 'User',
          definitions: { name: {}, other: { type: 'string' } },
          properties: { of: { $ref: 'Message#' } },
        },
        Item: { $id: 'Item' },
      },
      events: {
        jsonSchema: event({
          payload: { jsonSchema: { $ref: 'User#' } },
          stream: { item: { jsonSchema: { $ref: 'Item#' } }, credits: 1, isResumable: false, readTimeoutMs: 0 },
          errors: { E: { vendor: 'valibot' } },
        }),
        dump: event({ hide: true, payload: { jsonSchema: { $ref: 'Secret#' } } }),
      },
      emits: { line: { hide: true }, bell: {} },
    }),
  )
  const { namespaces } = publish(described, {})
  t.strictSame(
    namespaces.map(({ name }) => name),
    ['/whole', '/chat'],
  )
  t.equal(namespaces[0], described.namespaces[1])
  t.strictSame(Object.keys(Object(namespaces[1]).schemas), ['Message', 'User', 'Item'])
  t.strictSame(Object.keys(Object(namespaces[1]).events), ['jsonSchema'])
  t.strictSame(Object.keys(Object(namespaces[1]).emits), ['bell'])
})

t.test('with hideUntagged, events and emits without tags are left out; those of their namespace count', async (t) => {
  const parts = { events: { a: event({ tags: ['x'] }), b: event() }, emits: { c: {}, d: { tags: [] } } }
  const described = serverOf(describe({ name: '/one', ...parts }), describe({ name: '/two', tags: ['x'], ...parts }))
  const { namespaces } = publish(described, { hideUntagged: true })
  t.strictSame(
    namespaces.map(({ events, emits }) => [...Object.keys(events), ...Object.keys(emits)]),
    [['a'], ['a', 'b', 'c']],
  )
})
