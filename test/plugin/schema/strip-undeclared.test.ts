import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { compileOutgoing } from '../../../plugin/schema/compile.js'
import { compilersOf } from '../../../plugin/schema/fastify-compilers.js'
import { createRefResolver } from '../../../plugin/schema/schema-ref.js'
import { client } from '../harness.js'

/** Creates a function that strips a value by a schema, in a context with these added schemas. */
async function createStripper(t: Test, added: object[] = []) {
  const app: FastifyInstance = Fastify({ ajv: { customOptions: { strict: false } } })
  t.teardown(() => app.close())
  for (const schema of added) app.addSchema(schema)
  app.get('/', { schema: { querystring: { type: 'object' }, response: {} } }, async () => 1)
  await app.ready()
  const compilers = compilersOf(app, '/x')
  return (schema: object | boolean, value: unknown) => compileOutgoing(schema, compilers).check(value)
}

// A constant, because Biome refuses an object literal with a property `then`.
const THEN = 'then'
const text = { type: 'string' }
const fields = (properties: object, rest: object = {}) => ({ type: 'object', properties, ...rest })
const A = fields({ kind: { const: 'a' }, x: text }, { required: ['kind'] })
const B = fields({ kind: { enum: ['b', 'c'] }, y: text }, { required: ['kind'] })
const KINDS = Array.from({ length: 40 }, (_, index) =>
  fields({ kind: { const: `k${index}` }, [`f${index}`]: text }, { required: ['kind'] }),
)
const NODE = Type.Object({ x: Type.String(), in: Type.Optional(Type.Ref('Node')) })
const both = { x: 'x', y: 'y', z: 'z' }

const CASES: Record<string, [schema: object | boolean, value: unknown, sent: unknown][]> = {
  'only declared properties are sent': [
    [fields({ x: text }), both, { x: 'x' }],
    [fields({ x: text }, { additionalProperties: false }), both, { x: 'x' }],
    [{ type: 'object' }, both, {}],
    [{ properties: { x: text } }, both, { x: 'x' }],
    [{ properties: { x: text } }, [both], [both]],
    [fields({ in: fields({ x: text }) }), { in: both, out: 1 }, { in: { x: 'x' } }],
    [{ type: 'array', items: fields({ x: text }) }, [both, both], [{ x: 'x' }, { x: 'x' }]],
    [{ type: ['object', 'array'], properties: { x: text }, items: fields({ y: text }) }, both, { x: 'x' }],
    [{ type: ['object', 'array'], properties: { x: text }, items: fields({ y: text }) }, [both], [{ y: 'y' }]],
    [{ properties: { x: text }, items: fields({ y: text }) }, [both], [{ y: 'y' }]],
  ],
  '`required` declares a property': [[fields({ x: text }, { required: ['y'] }), both, { x: 'x', y: 'y' }]],
  'undeclared properties are sent where the schema allows them': [
    [true, both, both],
    [{}, both, both],
    [{ description: 'anything' }, both, both],
    [fields({ x: text }, { additionalProperties: true }), both, both],
    [
      fields({ x: text }, { additionalProperties: fields({ y: text }) }),
      { x: 'x', more: both },
      { x: 'x', more: { y: 'y' } },
    ],
    [{ type: 'object', patternProperties: { '^[xy]$': text } }, both, { x: 'x', y: 'y' }],
    [{ type: 'array' }, [both], [both]],
    [{ type: 'array', items: [fields({ x: text })] }, [both, both], [{ x: 'x' }, both]],
    [{ type: 'array', items: [true], additionalItems: fields({ x: text }) }, [both, both, 1], undefined],
    [{ const: { x: 1 } }, { x: 1 }, { x: 1 }],
    [fields({ x: text, toString: text }), Object.assign({ toString: 'own' }, both), { x: 'x', toString: 'own' }],
  ],
  'the alternatives that match the value declare its properties': [
    [{ anyOf: [A, B] }, { ...both, kind: 'a' }, { kind: 'a', x: 'x' }],
    [{ oneOf: [A, B] }, { ...both, kind: 'c' }, { kind: 'c', y: 'y' }],
    [{ anyOf: [fields({ x: text }), fields({ y: text, x: { type: 'integer' } })] }, both, { x: 'x', y: 'y' }],
    [{ anyOf: [A, { type: 'array', items: A }] }, [{ ...both, kind: 'a' }], [{ kind: 'a', x: 'x' }]],
    [{ anyOf: [A, {}] }, { ...both, kind: 'a' }, { ...both, kind: 'a' }],
    [{ anyOf: [A, text] }, 'a text', 'a text'],
    [{ anyOf: [A, fields({ y: text })] }, both, { y: 'y' }],
    [{ allOf: [{ anyOf: [A, B] }, fields({ z: text })] }, { ...both, kind: 'b' }, { kind: 'b', y: 'y', z: 'z' }],
    [{ allOf: [A, { anyOf: [fields({ y: text }), {}] }] }, { ...both, kind: 'a' }, { kind: 'a', x: 'x', y: 'y' }],
    [{ anyOf: [{}, { type: 'null' }] }, both, both],
    [
      {
        anyOf: [
          { type: 'array', items: [A] },
          { type: 'array', items: B },
        ],
      },
      [{ ...both, kind: 'b' }],
      [{ kind: 'b', y: 'y' }],
    ],
    [
      { anyOf: [fields({ o: A }), fields({ o: B, p: text })] },
      { o: { ...both, kind: 'a' }, p: 'p', q: 1 },
      { o: { kind: 'a', x: 'x' }, p: 'p' },
    ],
    [
      { anyOf: [fields({ x: text }), { type: 'object', additionalProperties: fields({ y: text }) }] },
      { more: both },
      { more: { y: 'y' } },
    ],
    [
      { anyOf: [{ type: 'object', additionalProperties: fields({ y: text }) }, fields({ x: text })] },
      { x: 'x' },
      { x: 'x' },
    ],
    [{ ...fields({ x: text, y: text }), anyOf: [{ required: ['x'] }, { required: ['z'] }] }, both, both],
    [
      { anyOf: Array.from({ length: 40 }, (_, index) => fields({ [`f${index}`]: text })) },
      { f7: 'x', ...both },
      { f7: 'x' },
    ],
    [{ anyOf: KINDS }, { ...both, kind: 'k39', f39: 'x', f3: 'y' }, { kind: 'k39', f39: 'x' }],
    [
      { anyOf: KINDS, allOf: [{ anyOf: [...KINDS.slice(0, 20), { type: 'array', items: A }] }] },
      { ...both, kind: 'k3', f3: 'x' },
      { kind: 'k3', f3: 'x' },
    ],
    [
      {
        allOf: [
          { anyOf: [A, B, { type: 'array', items: A }] },
          ...Array.from({ length: 4 }, () => ({ anyOf: [A, B, { type: 'array', items: A }] })),
        ],
      },
      [{ ...both, kind: 'a' }],
      [{ kind: 'a', x: 'x' }],
    ],
    [{ allOf: [{ anyOf: [...KINDS, {}] }, { anyOf: [A, {}] }] }, { kind: 'a', ...both }, { kind: 'a', ...both }],
  ],
  'combined schemas declare the properties of all': [
    [{ allOf: [fields({ x: text }), fields({ y: text })] }, both, { x: 'x', y: 'y' }],
    [
      { allOf: [fields({ o: fields({ x: text }) }), fields({ o: fields({ y: text }) })] },
      { o: both },
      { o: { x: 'x', y: 'y' } },
    ],
    [
      {
        allOf: [
          { type: 'array', items: [A] },
          { type: 'array', items: A },
        ],
      },
      [{ ...both, kind: 'a' }],
      [{ kind: 'a', x: 'x' }],
    ],
    [
      { allOf: [{ items: A }, { items: [fields({ y: text })] }] },
      [{ ...both, kind: 'a' }],
      [{ kind: 'a', x: 'x', y: 'y' }],
    ],
    [{ ...fields({ x: text }), if: { required: ['x'] }, [THEN]: fields({ y: text }) }, both, { x: 'x', y: 'y' }],
    [{ ...fields({ x: text }), dependencies: { x: { properties: { y: text } }, z: ['x'] } }, both, { x: 'x', y: 'y' }],
    [{ allOf: [fields({ x: { type: 'integer' } }), { properties: { x: { type: 'number' } } }] }, { x: 1 }, { x: 1 }],
    [{ allOf: [fields({ x: text }), { type: 'object', additionalProperties: text }] }, both, both],
    [
      {
        allOf: [
          { type: 'object', additionalProperties: text },
          { type: 'object', additionalProperties: text },
        ],
      },
      both,
      both,
    ],
    [{ allOf: [{ properties: { x: text } }, { items: A }] }, both, { x: 'x' }],
    [{ allOf: [{ type: 'object', properties: { x: text } }, { items: A }] }, both, { x: 'x' }],
    [{ allOf: [{ items: A }, { type: 'object', properties: { x: text } }] }, both, { x: 'x' }],
    [{ allOf: [{ properties: { x: text } }, { type: 'string' }] }, 'x', 'x'],
    [{ allOf: [{ type: 'string' }, { properties: { x: text } }, { enum: ['x'] }] }, 'x', 'x'],
  ],
  'references are resolved if possible': [
    [{ $ref: 'thing#' }, both, { x: 'x' }],
    [{ $ref: 'thing#/properties/o' }, both, { y: 'y' }],
    [
      { ...fields({ o: { $ref: '#/definitions/a~1b' } }), definitions: { 'a/b': A } },
      { o: { ...both, kind: 'a' } },
      { o: { kind: 'a', x: 'x' } },
    ],
    [
      { ...fields({ o: { $ref: 'B' } }), $defs: { b: { $id: 'B', ...B } } },
      { o: { ...both, kind: 'b' } },
      { o: { kind: 'b', y: 'y' } },
    ],
    [
      { ...fields({ o: { $ref: '#name' } }), $defs: { b: { $id: '#name', ...B } } },
      { o: { ...both, kind: 'b' } },
      { o: { kind: 'b', y: 'y' } },
    ],
    [
      { ...fields({ o: { $ref: '#name' } }), $defs: { b: { $anchor: 'name', ...A } } },
      { o: { ...both, kind: 'a' } },
      { o: { kind: 'a', x: 'x' } },
    ],
    [
      fields({ first: { $id: 'firstly', ...A }, o: { $ref: 'firstly' } }),
      { o: { ...both, kind: 'a' } },
      { o: { kind: 'a', x: 'x' } },
    ],
    [
      { $id: 'http://x.org/root.json', ...fields({ o: { $ref: 'a.json' } }), $defs: { a: { $id: 'a.json', ...A } } },
      { o: { ...both, kind: 'a' } },
      { o: { kind: 'a', x: 'x' } },
    ],
    [{ $ref: 'thing#', properties: { z: text } }, both, { x: 'x', z: 'z' }],
  ],
  'recursive schemas are followed': [
    [
      fields({ x: text, children: { type: 'array', items: { $ref: '#' } } }, { $id: 'tree' }),
      { ...both, children: [{ ...both, children: [both] }] },
      { x: 'x', children: [{ x: 'x', children: [{ x: 'x' }] }] },
    ],
    [
      { $id: 'trees', anyOf: [text, { type: 'array', items: { $ref: '#' } }, A] },
      ['x', [{ ...both, kind: 'a' }]],
      ['x', [{ kind: 'a', x: 'x' }]],
    ],
    [
      { anyOf: [{ $ref: '#/$defs/a' }, B], $defs: { a: { anyOf: [A, { $ref: '#/$defs/a' }] } } },
      { ...both, kind: 'a' },
      { kind: 'a', x: 'x' },
    ],
    [
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: fields({ x: text, in: { allOf: [{ $ref: '#/$defs/a' }, A] } }) } },
      { x: 'x', in: { ...both, kind: 'a', in: { ...both, kind: 'a' } } },
      { x: 'x', in: { kind: 'a', x: 'x', in: { kind: 'a', x: 'x' } } },
    ],
    [
      fields({ x: text, in: { $ref: '#', type: 'object', nullable: true } }, { $id: 'sibling' }),
      { ...both, in: { ...both, in: both } },
      { x: 'x', in: { x: 'x', in: { x: 'x' } } },
    ],
    [
      {
        $ref: '#/$defs/a',
        $defs: { a: fields({ x: text, in: { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }] } }) },
      },
      { ...both, in: both },
      { x: 'x', in: { x: 'x' } },
    ],
    [
      Type.Cyclic({ Node: NODE }, 'Node'),
      { ...both, in: { ...both, in: both } },
      { x: 'x', in: { x: 'x', in: { x: 'x' } } },
    ],
    [
      Type.Cyclic(
        {
          Node: Type.Object({
            x: Type.String(),
            all: Type.Optional(Type.Array(Type.Intersect([Type.Ref('Node'), Type.Object({})]))),
          }),
        },
        'Node',
      ),
      { ...both, all: [{ ...both, all: [both] }] },
      { x: 'x', all: [{ x: 'x', all: [{ x: 'x' }] }] },
    ],
    [
      Type.Cyclic(
        {
          A: Type.Object({ x: Type.String(), b: Type.Optional(Type.Ref('B')) }),
          B: Type.Object({ y: Type.String(), a: Type.Optional(Type.Ref('A')) }),
        },
        'A',
      ),
      { ...both, b: { ...both, a: { ...both, b: both } } },
      { x: 'x', b: { y: 'y', a: { x: 'x', b: { y: 'y' } } } },
    ],
    [
      {
        anyOf: [...KINDS, { $ref: '#/$defs/a' }],
        allOf: [{ anyOf: KINDS }],
        $defs: { a: fields({ in: { anyOf: [...KINDS, { $ref: '#/$defs/a' }], allOf: [{ anyOf: [A, ...KINDS] }] } }) },
      },
      { ...both, kind: 'k1', f1: 'x', in: { z: 'z', kind: 'k2', f2: 'y' } },
      { kind: 'k1', f1: 'x', in: { kind: 'k2', f2: 'y' } },
    ],
  ],
}

for (const [rule, cases] of Object.entries(CASES)) {
  t.test(rule, async (t) => {
    const strip = await createStripper(t, [{ $id: 'thing', ...fields({ x: text, o: fields({ y: text }) }) }])
    for (const [schema, value, sent] of cases) {
      if (sent === undefined) t.throws(() => strip(schema, value), { name: 'Error' }, JSON.stringify(schema))
      else t.strictSame(strip(schema, value), sent, JSON.stringify(schema))
    }
  })
}

t.test('replies, emits and the data of errors carry only declared properties', async (t) => {
  const user = fields({ id: text })
  const row = { id: 'u1', passwordHash: 'correct horse' }
  const { app, socket } = await client(t, {
    events: {
      get: { reply: user, handler: () => row },
      fail: {
        errors: { NO: user },
        handler: (_payload, { error }) => {
          throw error('NO', row)
        },
      },
    },
    emits: { user: { payload: user } },
  })
  t.strictSame(await socket.emitWithAck('get'), { ok: true, data: { id: 'u1' } })
  t.match(await socket.emitWithAck('fail'), { error: { code: 'NO', details: { id: 'u1' } } })
  t.notMatch(JSON.stringify(await socket.emitWithAck('fail')), 'horse')
  app.io.of('/chat').emit('user', row)
  t.strictSame(await socket.nextEvent('user'), { id: 'u1' })
  t.match(row, { passwordHash: 'correct horse' }, 'the original value is not changed')
})

t.test('a reference without a target resolves to undefined', async (t) => {
  const resolveRef = createRefResolver({ thing: { $id: 'thing', properties: { x: text } }, strange: 'no schema' })
  t.strictSame(resolveRef('thing#/properties/x', {})?.schema, text)
  for (const ref of ['missing', 'strange', '__proto__', 'thing#/properties/y', 'thing#/properties/x/type/y']) {
    t.equal(resolveRef(ref, {}), undefined, ref)
  }
})

t.test('an outgoing schema with a reference that can not be resolved is refused at boot', async (t) => {
  const compilers = {
    compile: () => () => true,
    isCertain: () => false,
    compileSerializer: () => undefined,
    isOwnSerializer: true,
    resolveRef: createRefResolver({}),
  }
  for (const ref of ['nope', '#nope', '#/nope/nope', 'http://[/x']) {
    t.throws(() => compileOutgoing(fields({ o: { $ref: ref } }), compilers), {
      message: `"${ref}" can not be resolved, so undeclared properties can not be removed`,
    })
  }
  const round = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }
  t.strictSame(
    compileOutgoing(round, compilers).check(both),
    {},
    'a schema that refers only to itself declares nothing',
  )
})

t.test('a copy is what JSON would represent', async (t) => {
  const strip = await createStripper(t)
  const at = new Date(0)
  const list = { type: 'array', items: text }
  const all = fields({ x: text, list, map: { type: 'object', additionalProperties: text }, in: fields({ x: text }) })
  const strange = { list: ['a'], map: { a: 'a', b: undefined, c: () => {} }, in: { toJSON: () => ({ x: 'json' }) } }
  t.strictSame(strip(all, { ...strange, x: () => {} }), { list: ['a'], map: { a: 'a' }, in: { x: 'json' } })
  t.strictSame(strip(fields({ x: {} }), { x: at }), { x: at.toISOString() })
  t.strictSame(strip(list, [at, undefined, null, Symbol('x')]), [at.toISOString(), '', '', ''], 'null, and coerced')
  t.strictSame(strip(all, { list: { toJSON: () => ['json'] } }), { list: ['json'] })
  t.strictSame(strip(all, { map: { toJSON: () => ({ a: 'json' }) } }), { map: { a: 'json' } })
  t.strictSame(strip({ anyOf: [A, B] }, { toJSON: () => ({ kind: 'a', y: 1 }) }), { kind: 'a' })
  t.strictSame(strip(list, 'one'), ['one'], 'coerced')
  t.strictSame(strip(fields({ x: text }), Object.create({ x: 'inherited' })), {})
  for (const wrong of [undefined, 'text', null, [both]]) t.throws(() => strip(fields({ o: A }), { o: wrong ?? 1 }))
  for (const wrong of ['text', [both, both]])
    t.throws(() => strip({ type: 'object', additionalProperties: text }, wrong))
  t.throws(() => strip({ anyOf: [A, B] }, { kind: 'd' }))
  t.throws(() => strip({ anyOf: [A, B] }, 'text'))
})

t.test('keys that could change a prototype are not copied', async (t) => {
  const strip = await createStripper(t)
  const poisoned = JSON.parse('{"__proto__":{"admin":true},"a":"a"}')
  for (const schema of [fields({ a: text }), { type: 'object', additionalProperties: true }, {}]) {
    const copy = strip(schema, poisoned) as { admin?: boolean }
    t.strictSame(copy, { a: 'a' })
    t.equal(copy.admin, undefined)
  }
})

t.test('a cyclic value is refused', async (t) => {
  const strip = await createStripper(t)
  const tree = fields({ children: { type: 'array', items: { $ref: '#' } } }, { $id: 'tree' })
  const cycle: { children: unknown[] } = { children: [] }
  cycle.children.push(cycle)
  t.throws(() => strip(tree, cycle), RangeError)
  const own = { toJSON: () => own }
  for (const schema of [
    tree,
    { type: 'array', items: text },
    { anyOf: [A, B] },
    { type: 'object', additionalProperties: true },
  ]) {
    t.throws(() => strip(schema, own), RangeError)
  }
})

t.test('binary data is sent as any value, but not as an object with declared properties', async (t) => {
  const { socket, lines } = await client(t, {
    events: {
      open: { reply: fields({ file: {} }), handler: () => ({ file: Buffer.from('bytes') }) },
      map: { reply: { type: 'object', additionalProperties: true }, handler: () => Buffer.from('bytes') },
      object: { reply: { type: 'object' }, handler: () => Buffer.from('bytes') },
      either: { reply: { anyOf: [A, {}] }, handler: () => Buffer.from('bytes') },
      loose: { reply: { properties: { x: text } }, handler: () => Buffer.from('bytes') },
      closed: { reply: fields({ x: text }), handler: () => Buffer.from('bytes') },
    },
  })
  t.strictSame(await socket.emitWithAck('open'), { ok: true, data: { file: Buffer.from('bytes') } })
  for (const event of ['map', 'object', 'either', 'loose']) {
    t.strictSame(await socket.emitWithAck(event), { ok: true, data: Buffer.from('bytes') }, event)
  }
  t.match(await socket.emitWithAck('closed'), { error: { code: 'FST_NSP_REPLY_INVALID' } })
  t.match(
    lines.filter(({ event }) => event === 'closed'),
    [{ err: { message: '/ must be object' } }],
  )
})

t.test('a schema of another language does not strip values', async (t) => {
  const strip = await createStripper(t)
  class Foreign {
    readonly type = 'object'
  }
  const { check } = compileOutgoing(new Foreign(), {
    compile: () => () => true,
    isCertain: () => false,
    compileSerializer: () => undefined,
    isOwnSerializer: true,
    resolveRef: () => undefined,
  })
  t.strictSame(check(both), both)
  const own = Object.assign(
    Object.create({}),
    fields({ x: text, o: Object.assign(Object.create({}), fields({ y: text })) }),
  )
  t.strictSame(
    strip(own, { ...both, o: both }),
    { x: 'x', o: { y: 'y' } },
    'an instance of a class may be a JSON Schema',
  )
  t.strictSame(strip({ anyOf: [{ elements: text }, A] }, { kind: 'z', ...both }), { kind: 'z', ...both })
})
