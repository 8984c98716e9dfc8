import t from 'tap'
import { type CompareOptions, compareSchemas, type SchemaChanges } from '../../../../plugin/cli/diff/compare-schemas.js'
import type { JsonSchema } from '../../../../plugin/definition/contract/description.js'

const shared = { Point: { $id: 'Point', type: 'object', properties: { x: { type: 'number' } } } }

const NONE: SchemaChanges = { breaking: [], compatible: [] }
const SAME: SchemaChanges = { breaking: [], compatible: ['v is written differently, and accepts the same'] }

function compare(
  before: JsonSchema,
  after: JsonSchema,
  side: 'sends' | 'receives' = 'sends',
  { isStrict }: CompareOptions = { isStrict: false },
): SchemaChanges {
  return compareSchemas({ schema: before, shared }, { schema: after, shared }, { side, place: 'v', isStrict })
}

/** What a client sends: the changes that break it, and those that do not. */
const sent = (before: JsonSchema, after: JsonSchema) => compare(before, after)
const received = (before: JsonSchema, after: JsonSchema) => compare(before, after, 'receives')

const object = (properties: object, rest: object = {}) => ({ type: 'object', properties, ...rest })
const string = { type: 'string' }
const number = { type: 'number' }
const integer = { type: 'integer' }

t.test('a property that is required', async (t) => {
  const [optional, required] = [object({ a: string }), object({ a: string }, { required: ['a'] })]
  t.strictSame(sent(optional, required), { breaking: ['v.a is now required'], compatible: [] })
  t.strictSame(sent(required, optional), { breaking: [], compatible: ['v.a is no longer required'] })
  t.strictSame(received(optional, required), { breaking: [], compatible: ['v.a is now always there'] })
  t.strictSame(received(required, optional), { breaking: ['v.a may now be missing'], compatible: [] })
  t.strictSame(
    sent(required, object({ a: string }, { required: 'a' })).breaking.length,
    1,
    'of a draft that is not known',
  )
})

t.test('a property that only a part of the old schema declares is not new', async (t) => {
  const fresh = object({ kind: string, b: string })
  const branches = object({ kind: string }, { anyOf: [object({ b: number }), object({ c: number })] })
  t.strictSame(sent(branches, fresh).breaking, ['v.b no longer accepts number, integer'])
  t.strictSame(received(fresh, branches).breaking, ['v.b may now be number, integer'])
  const outcome = Object.fromEntries([['then', object({ b: number })]])
  const conditional = object({ kind: string }, { if: object({ kind: { const: 'x' } }), ...outcome })
  t.equal(sent(conditional, fresh).breaking.length, 1)
  t.equal(sent(object({ kind: string }, { dependencies: { kind: object({ b: number }) } }), fresh).breaking.length, 1)
  const required = object({ kind: string }, { required: ['b'] })
  t.equal(sent(required, fresh).breaking.length, 1, 'a client has to send it')
})

t.test('keywords of later drafts mean something together', async (t) => {
  const list = (rest: object) => ({ type: 'array', ...rest })
  const tuple = (items: unknown) => list({ prefixItems: [string], items })
  const certainly = (before: object, after: object) => sent(before as JsonSchema, after as JsonSchema).breaking.length
  t.equal(certainly(tuple(string), tuple(number)), 1)
  t.equal(certainly(tuple({}), tuple(false)), 1)
  t.equal(certainly({ ...tuple(string), maxItems: 3 }, tuple(string)), 0)
  t.equal(certainly(list({ contains: string, minContains: 0 }), list({ contains: string })), 1)
  t.equal(
    certainly(list({ contains: string, minContains: 2, maxItems: 3 }), list({ contains: string, minContains: 2 })),
    0,
  )
  const closed = (name: string) => ({
    type: 'object',
    allOf: [object({ [name]: string })],
    unevaluatedProperties: false,
  })
  t.strictSame(sent(closed('a'), closed('b')).breaking, [
    "v: unevaluatedProperties differs; it can't be told whether that refuses values",
  ])
  t.equal(
    certainly(
      list({ prefixItems: [string], unevaluatedItems: false }),
      list({ prefixItems: [number], unevaluatedItems: false }),
    ),
    2,
  )
})

t.test('binary data of one alternative needs a schema that says so', async (t) => {
  const either = { anyOf: [{ binary: { maxBytes: 3 } }, string] }
  t.strictSame(sent(either, {}).breaking, ['v: binary was {"maxBytes":3}, and is gone'])
  t.equal(sent(either, { minimum: 3 }).breaking.length, 1)
  t.equal(sent(either, { anyOf: [...either.anyOf, number] }).breaking.length, 0)
})

t.test('a reference that is no URI leads nowhere', async (t) => {
  t.equal(sent({ $ref: '#/%' }, object({})).breaking.length > 0, true)
})

t.test('a default that is gone leaves a property out', async (t) => {
  const [filled, plain] = [{ ...string, default: 'x' }, string].map((a) => object({ a }, { required: ['a'] }))
  t.strictSame(sent(filled as object as JsonSchema, plain as object as JsonSchema), {
    breaking: ['v.a is required, and no longer has a default'],
    compatible: [],
  })
  t.strictSame(sent(plain as object as JsonSchema, filled as object as JsonSchema), {
    breaking: [],
    compatible: ['v.a is required, and now has a default'],
  })
})

t.test('a new property, and one that is gone', async (t) => {
  const [one, two] = [object({ a: string }), object({ a: string, b: string })]
  t.strictSame(sent(one, two), { breaking: [], compatible: ['v.b is new'] })
  t.strictSame(sent(two, one), { breaking: [], compatible: ['v.b is gone'] })
  t.strictSame(received(one, two), { breaking: [], compatible: ['v.b is new'] })
  t.strictSame(compare(one, two, 'sends', { isStrict: true }).breaking, [
    'v.b no longer accepts null, boolean, object, array, number, integer',
  ])
  const [closed, wider] = [one, two].map((schema) => ({ ...schema, additionalProperties: false }))
  t.strictSame(sent(closed as JsonSchema, wider as JsonSchema), {
    breaking: [],
    compatible: ['v.b is now allowed', 'v.b is new'],
  })
  t.strictSame(sent(wider as JsonSchema, closed as JsonSchema), {
    breaking: ['v.b is no longer allowed'],
    compatible: ['v.b is gone'],
  })
  t.strictSame(
    received(closed as JsonSchema, wider as JsonSchema).breaking,
    [],
    'a client does not read what it does not know',
  )
  t.strictSame(sent(one, closed as JsonSchema).breaking, ['v.* is no longer allowed'])
})

t.test('types', async (t) => {
  t.strictSame(sent(string, { type: ['string', 'null'] }), { breaking: [], compatible: ['v now accepts null'] })
  t.strictSame(received(string, { type: ['string', 'null'] }), { breaking: ['v may now be null'], compatible: [] })
  t.strictSame(sent({ ...string, nullable: true }, string).breaking, ['v no longer accepts null'])
  t.strictSame(received({ ...string, nullable: true }, string).compatible, ['v is no longer null'])
  t.strictSame(sent(integer, number), { breaking: [], compatible: ['v now accepts fractions'] })
  t.strictSame(sent(string, number).breaking, ['v no longer accepts string'])
  t.strictSame(sent({ type: ['string', 'null'] }, { anyOf: [string, { type: 'null' }] }), SAME)
  t.strictSame(sent({ anyOf: [string, integer] }, { type: ['string', 'number'] }).breaking, [])
  t.strictSame(sent(true, string).breaking, ['v no longer accepts null, boolean, object, array, number, integer'])
  t.strictSame(sent(string, false).breaking, ['v is no longer allowed'])
  t.strictSame(sent(false, string).breaking, [])
})

t.test('values', async (t) => {
  t.strictSame(sent({ enum: ['a', 'b'] }, { enum: ['b', 'c'] }), {
    breaking: ['v no longer accepts "a"'],
    compatible: ['v now accepts "c"'],
  })
  t.strictSame(received({ const: { a: [1, null], b: 2 } }, { enum: [{ b: 2, a: [1, null] }, 7] }).breaking, [
    'v may now be 7',
  ])
  t.strictSame(sent(string, { const: 'a' }).breaking, ['v: const is now "a"'])
  t.strictSame(sent({ type: 'boolean' }, { enum: [true, false] }), SAME)
  t.strictSame(sent({ type: ['boolean', 'null'] }, { type: 'boolean' }).breaking, ['v no longer accepts null'])
  t.strictSame(sent({ enum: [1, 2.5, '3', null] }, { type: ['number', 'null'], multipleOf: 0.5 }).breaking, [
    'v no longer accepts "3"',
  ])
  const long = { enum: ['x'.repeat(100)] }
  t.match(sent(long, string), { breaking: [] })
  t.match(sent(string, long).breaking, [/^v: enum is now \["x{50,}…$/])
  t.strictSame(sent({ enum: ['a', 'b'], minLength: 2 }, false).breaking, [], 'no value fits')
  t.strictSame(sent({ enum: ['abc'], format: 'date' }, { ...string, format: 'date' }).breaking, [])
  t.strictSame(sent({ enum: ['abc'], format: 'date' }, { enum: ['abc', 'b'], format: 'date' }).breaking, [])
  t.strictSame(sent({ enum: ['abc'], format: 'date' }, { const: 'abc', format: 'date', title: 'x' }), SAME)
  t.strictSame(sent(string, { enum: 'a' } as unknown as JsonSchema).breaking, ['v: enum is now "a"'])
  t.match(sent({ enum: ['abc'] }, { ...string, format: 'date' }).breaking, [
    /^v: format is now "date"; it can't be told/,
  ])
  t.strictSame(sent({ enum: ['abc', 'b'], format: 'date' }, { enum: ['abc', 'b'], format: 'date', title: 'x' }), NONE)
  t.strictSame(sent({ enum: [[1]] }, { type: 'array', items: number }).breaking.length, 1, 'inside of values')
})

t.test('values and the keywords of a schema', async (t) => {
  const values = [1, 2, 3, 4, 1.5, '👍', 'ab', 'abc']
  const goals: [object, readonly unknown[]][] = [
    [{ minimum: 2, maximum: 3 }, [1, 4, 1.5]],
    [{ exclusiveMinimum: 1, exclusiveMaximum: 3 }, [1, 3, 4]],
    [{ multipleOf: 2 }, [1, 3, 1.5]],
    [{ minLength: 2, maxLength: 2 }, ['👍', 'abc']],
    [{ pattern: 'b' }, ['👍']],
    [{ allOf: [{ minimum: 2 }, { maximum: 3 }] }, [1, 4, 1.5]],
    [{ anyOf: [{ minimum: 2 }, { type: 'string' }] }, [1, 1.5]],
    [{ oneOf: [{ type: ['number', 'string'], minimum: 2 }, { type: 'string' }] }, [1, 1.5, '👍', 'ab', 'abc']],
    [{ not: { type: 'string', nullable: true } }, ['👍', 'ab', 'abc']],
    [{ $ref: 'Point' }, values],
  ]
  for (const [goal, refused] of goals) {
    const [line = ''] = sent({ enum: values }, goal as JsonSchema).breaking
    t.same(JSON.parse(`[${line.replace('v no longer accepts ', '')}]`), refused, JSON.stringify(goal))
  }
  t.match(sent({ enum: [1] }, { minimum: { $data: '1/x' } } as JsonSchema).breaking, [/can't be told/])
  t.match(sent({ enum: ['a'] }, { oneOf: [{ format: 'date' }, { type: 'null' }] }).breaking, [/can't be told/])
  t.equal(sent({ enum: ['a'] }, { anyOf: [{ format: 'date' }, { type: 'null' }] }).breaking.length, 1)
  t.match(sent({ enum: ['a'] }, { enum: 'a' } as unknown as JsonSchema).breaking, ['v no longer accepts "a"'])
})

t.test('bounds', async (t) => {
  const cases: [JsonSchema, JsonSchema, readonly string[]][] = [
    [{ ...string, maxLength: 5 }, { ...string, maxLength: 3 }, ['v: maxLength was 5, is 3']],
    [{ ...string, maxLength: 5 }, { ...string, maxLength: 8 }, []],
    [string, { ...string, minLength: 1 }, ['v: minLength is now 1']],
    [string, { ...string, minLength: 0 }, []],
    [{ ...number, minimum: 1 }, { ...number, exclusiveMinimum: 0 }, []],
    [{ ...number, exclusiveMinimum: 1 }, { ...number, minimum: 1 }, []],
    [{ ...number, minimum: 1 }, { ...number, exclusiveMinimum: 1 }, ['v: exclusiveMinimum is now 1']],
    [{ ...number, maximum: 1 }, { ...number, exclusiveMaximum: 2 }, []],
    [{ ...number, exclusiveMaximum: 1 }, { ...number, maximum: 1 }, []],
    [{ ...number, maximum: 1 }, { ...number, exclusiveMaximum: 1 }, ['v: exclusiveMaximum is now 1']],
    [{ ...number, exclusiveMaximum: 1 }, { ...number, exclusiveMaximum: 2 }, []],
    [{ ...number, exclusiveMinimum: 1 }, { ...number, exclusiveMinimum: 0 }, []],
    [{ ...number, maximum: 1 }, { ...number, maximum: 2, minimum: 3 }, ['v: minimum is now 3']],
    [{ ...integer, multipleOf: 6 }, { ...integer, multipleOf: 3 }, []],
    [{ ...number, multipleOf: 0.1 }, { ...number, multipleOf: 0.1, title: 'x', minimum: 0 }, ['v: minimum is now 0']],
    [{ ...number, multipleOf: 6 }, { ...number, multipleOf: 3 }, ['v: multipleOf was 6, is 3']],
    [integer, { ...number, multipleOf: 1 }, []],
    [{ type: 'array', minItems: 2 }, { type: 'array', minItems: 1, maxItems: 9 }, ['v: maxItems is now 9']],
    [{ type: 'array', maxItems: 1 }, { type: 'array', maxItems: 2, uniqueItems: true, minItems: 0 }, []],
    [{ type: 'array', maxItems: 1 }, { type: 'array', uniqueItems: true }, []],
    [{ type: 'array' }, { type: 'array', uniqueItems: false }, []],
    [{ type: 'array' }, { type: 'array', uniqueItems: true }, ['v: uniqueItems is now true']],
    [object({ a: string }, { required: ['a'] }), { type: 'object', minProperties: 1 }, []],
    [object({ a: string }, { additionalProperties: false }), { type: 'object', maxProperties: 1 }, []],
    [object({ a: string }), { type: 'object', maxProperties: 1 }, ['v: maxProperties is now 1']],
    [
      { ...number, minimum: 1 },
      { ...number, minimum: { $data: '1/x' } },
      ['v: minimum was 1, is {"$data":"1/x"}; it can\'t be told whether that refuses values'],
    ],
    [string, { ...string, maximum: 1 }, []],
  ]
  for (const [before, after, breaking] of cases) {
    t.strictSame(sent(before, after).breaking, breaking, JSON.stringify([before, after]))
  }
  t.strictSame(received({ ...string, maxLength: 5 }, string).breaking, ['v: maxLength was 5, and is gone'])
})

t.test('objects without a list of names', async (t) => {
  const record = (inner: object, rest: object = {}) => ({ type: 'object', additionalProperties: inner, ...rest })
  const map = (inner: object, rest: object = {}) => ({ type: 'object', patternProperties: { '^a': inner }, ...rest })
  t.strictSame(sent(record(integer), record(number)).breaking, [])
  t.strictSame(sent(record(number), record(integer)).breaking, ['v.* no longer accepts fractions'])
  t.strictSame(sent(map(integer), map(number)).breaking, [])
  t.strictSame(sent(map(number), map(integer)).breaking, ['v.* no longer accepts fractions'])
  t.strictSame(sent(record(integer), map(number)).breaking, [])
  t.strictSame(sent(map(number), record(number)).breaking.length, 1, 'other names')
  t.strictSame(sent(map(number, { additionalProperties: false }), record(number)).breaking.length, 1, "can't tell")
  t.strictSame(
    sent(map(integer, { additionalProperties: false }), map(number, { additionalProperties: number })).breaking,
    [],
  )
  t.strictSame(sent(object({ ab: integer }, { additionalProperties: false }), map(number)).breaking, [])
  t.strictSame(sent(object({ ab: string }), map(number)).breaking.length, 2)
  t.strictSame(
    sent(object({}, { patternProperties: { '(': number } }), object({ x: string })).breaking,
    [],
    'undeclared',
  )
  const names = (schema: object) => ({ type: 'object', propertyNames: schema })
  t.strictSame(sent(names({ maxLength: 1 }), names({ maxLength: 2 })).breaking, [])
  t.strictSame(sent({ type: 'object' }, names(string)).breaking, [])
  t.strictSame(sent({ type: 'object' }, names({ maxLength: 2 })).breaking, ['v.*: maxLength is now 2'])
  const odd = JSON.parse(
    '{ "type": "object", "properties": { "__proto__": { "type": "string" }, "a b": { "type": "string" } } }',
  )
  t.strictSame(sent(odd, JSON.parse(JSON.stringify(odd).replaceAll('string', 'number'))).breaking, [
    'v.__proto__ no longer accepts string',
    'v["a b"] no longer accepts string',
  ])
  const depends = { type: 'object', dependencies: { a: ['b'] } }
  t.strictSame(sent(depends, { ...depends, minProperties: 0 }).breaking, [])
  t.match(sent({ type: 'object' }, depends).breaking, [/dependencies is now .*can't be told/])
})

t.test('arrays', async (t) => {
  const array = (items: unknown, rest: object = {}) => ({ type: 'array', items, ...rest })
  t.strictSame(sent(array(integer), array(number)).breaking, [])
  t.strictSame(sent(array(object({ a: number })), array(object({ a: integer }))).breaking, [
    'v[].a no longer accepts fractions',
  ])
  const pair = array([string, number], { additionalItems: false, maxItems: 2 })
  t.strictSame(sent(pair, array([string, integer])).breaking, ['v[1] no longer accepts fractions'])
  t.strictSame(sent(pair, array({ type: ['string', 'number'] })).breaking, [])
  t.strictSame(sent(array([string], { additionalItems: false }), array(string)).breaking, [])
  t.strictSame(sent(array(string), pair).breaking, [
    'v[1] no longer accepts string',
    'v[] is no longer allowed',
    'v: maxItems is now 2',
  ])
  t.strictSame(sent(array([string]), array(string)).breaking, [
    'v[] no longer accepts null, boolean, object, array, number, integer',
  ])
  const later = { type: 'array', prefixItems: [string], items: number }
  t.strictSame(sent(later, { ...later, title: 'x' }), NONE)
  t.strictSame(sent(later, { ...later, prefixItems: [number] }).breaking.length, 1)
  t.strictSame(sent(later, array(number)).breaking.length, 1)
  const contains = (schema: object) => ({ type: 'array', contains: schema })
  t.strictSame(sent(contains(integer), contains(number)).breaking, [])
  t.match(sent(contains(number), contains(integer)).breaking, [/contains .*can't be told/])
  t.strictSame(sent({ type: 'array' }, contains(integer)).breaking.length, 1)
})

t.test('alternatives', async (t) => {
  const [a, b] = ['a', 'b'].map((kind) => object({ kind: { const: kind }, n: number }, { required: ['kind'] })) as [
    object,
    object,
  ]
  const narrow = object({ kind: { const: 'a' }, n: integer }, { required: ['kind'] })
  t.strictSame(sent({ anyOf: [a, b] }, { oneOf: [b, a] }), SAME)
  t.strictSame(sent({ anyOf: [narrow] }, { anyOf: [a, b] }).breaking, [])
  t.strictSame(sent({ oneOf: [a, b] }, { oneOf: [narrow, b] }).breaking, ['v.n no longer accepts fractions'])
  t.strictSame(sent({ oneOf: [a, b] }, b as JsonSchema).breaking, ['v.kind no longer accepts "a"'])
  t.strictSame(sent({ oneOf: [integer, number] }, { oneOf: [integer, number], title: 'x' }), NONE)
  t.strictSame(sent({ oneOf: [integer, number], minimum: 1 }, { oneOf: [integer, number] }).breaking, [])
  t.strictSame(sent(integer, { oneOf: [integer, number] }).breaking.length, 1, 'fits both')
  t.strictSame(sent({ allOf: [string, { minLength: 2 }] }, { type: 'string', minLength: 1 }).breaking, [])
  t.strictSame(sent({ type: 'string', minLength: 2 }, { allOf: [string, { minLength: 1 }] }).breaking, [])
  t.strictSame(sent({ ...string, not: { const: 'a' } }, { not: { const: 'a' } }).breaking, [])
  t.strictSame(sent(string, { not: number }).breaking, [])
  t.match(sent(string, { not: { const: 'a' } }).breaking, [/not is now .*can't be told/])
  t.strictSame(sent({ allOf: [string, { not: string }] }, false).breaking, [])
  const when = JSON.parse('{ "if": { "minLength": 2 }, "then": { "pattern": "a" }, "else": { "pattern": "b" } }')
  t.strictSame(sent({ ...string, ...when }, when).breaking, [])
  t.strictSame(sent(number, when).breaking, [])
  t.strictSame(sent(string, when).breaking.length, 1)
  t.strictSame(sent({ type: ['string', 'integer'] }, { anyOf: [{ pattern: 'a' }, number] }).breaking.length, 1)
  t.strictSame(
    sent({ anyOf: 'x' } as JsonSchema, { oneOf: 'x' } as JsonSchema).breaking.length > 0,
    true,
    'of a draft that is not known',
  )
})

t.test('a client reads what it knows of what it receives', async (t) => {
  const branch = (kind: string, rest: object = {}) =>
    object(
      { kind: { const: kind }, ...rest },
      { required: ['kind', ...Object.keys(rest)], additionalProperties: false },
    )
  const before = { oneOf: [branch('a', { n: number }), branch('b')] }
  t.strictSame(received(before, { oneOf: [branch('b', { more: string }), branch('a', { n: number })] }).breaking, [])
  t.strictSame(received(before, { oneOf: [...before.oneOf, branch('c')] }), {
    breaking: ['v may now be its alternative {"kind":"c"}'],
    compatible: [],
  })
  t.strictSame(sent({ oneOf: [...before.oneOf, branch('c')] }, before).breaking, [
    'v no longer accepts its alternative {"kind":"c"}',
  ])
  t.strictSame(sent({ anyOf: [string, number] }, { anyOf: [number, { type: 'null' }] }).breaking, [
    'v no longer accepts one of its alternatives',
  ])
  const odd = {
    anyOf: [string],
    oneOf: [string],
    not: { ...number, additionalProperties: false },
    properties: { additionalProperties: false },
  }
  t.strictSame(received(odd, { ...odd, minLength: 1 }), { breaking: [], compatible: ['v: minLength is now 1'] })
  const shared = object({ x: { $ref: 'Point' } }, { enum: [1] })
  t.strictSame(received(shared, { ...shared, title: 'x' }), NONE)
})

t.test('keywords that are not understood have to stay as they are', async (t) => {
  const unknown = { type: 'object', unevaluatedProperties: false }
  t.strictSame(sent(unknown, { ...unknown, description: 'x', 'x-note': 1 }), NONE)
  t.match(sent({ type: 'object' }, unknown).breaking, [/unevaluatedProperties is now false; it can't be told/])
  t.strictSame(sent({ ...string, pattern: '^a', minLength: 1 }, { ...string, pattern: '^a' }).breaking, [])
  t.match(sent({ ...string, pattern: '^a' }, { ...string, pattern: '^b' }).breaking, [/pattern was "\^a", is "\^b"; /])
  t.match(received({ ...string, pattern: '^a' }, string).breaking, [/pattern was "\^a", and is gone; .* adds values/])
})

t.test('references', async (t) => {
  const list = (value: object) => ({
    $defs: { Node: object({ next: { $ref: '#/$defs/Node' }, value }) },
    $ref: '#/$defs/Node',
  })
  t.strictSame(sent(list(integer), list(integer)), NONE)
  t.strictSame(sent(list(integer), list(number)).breaking, [])
  t.strictSame(sent(list(number), list(integer)).breaking, [
    'v.next.value no longer accepts fractions',
    'v.value no longer accepts fractions',
  ])
  const cyclic = {
    $defs: { Node: { $id: 'Node', ...object({ next: { $ref: 'Node' }, value: integer }) } },
    $ref: 'Node',
  }
  t.strictSame(sent(list(integer), cyclic).breaking, [])
  t.strictSame(sent({ $ref: 'Point' }, object({ x: number })), SAME)
  t.strictSame(sent({ $ref: 'Point#/properties/x' }, number), SAME)
  t.strictSame(sent({ $ref: 'Point' }, { $ref: 'Point#' }), NONE)
  t.match(sent(string, { $ref: 'Nowhere' }).breaking, [/\$ref is now "Nowhere"; it can't be told/])
  for (const ref of ['Nowhere', '#/nowhere', '#anchor', '#/type']) {
    t.strictSame(sent({ type: 'string', $ref: ref }, { ...string, minLength: 0 }).breaking, [], ref)
    t.strictSame(sent({ $ref: ref }, { $ref: ref, title: 'x' }).breaking.length, 1, ref)
  }
  t.strictSame(sent({ unknown: { $ref: '#' } }, { unknown: { $ref: '#' }, title: 'x' }).breaking.length, 1)
  const loop = { $defs: { A: { anyOf: [{ $ref: '#/$defs/A' }, string] } }, $ref: '#/$defs/A' }
  t.strictSame(sent(loop, { anyOf: [{ $ref: '#' }, integer] }).breaking.length > 0, true, 'a circle without an end')
  t.strictSame(sent({ enum: ['a'] }, { $defs: { A: { $ref: '#/$defs/A' } }, $ref: '#/$defs/A' }).breaking.length, 1)
})

t.test('references that multiply, or that lead in a circle, end', async (t) => {
  // Each of 30 definitions refers to the one before it, twice.
  const doubled = (leaf: object, make: (ref: object) => object): JsonSchema => {
    const steps = Array.from({ length: 30 }, (_, step) => [`d${step + 1}`, make({ $ref: `#/$defs/d${step}` })])
    return { $defs: { d0: leaf, ...Object.fromEntries(steps) }, $ref: '#/$defs/d30' }
  }
  const pair = (ref: object) => object({ a: ref, b: ref })
  t.ok(sent(doubled(number, pair), doubled(integer, pair)).breaking.length > 0)
  t.strictSame(
    sent(
      { enum: [1, 2] },
      doubled(number, (ref) => ({ allOf: [ref, ref] })),
    ).breaking,
    [],
  )
  const circle = {
    $defs: { A: { allOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/A' }], minimum: 1 } },
    $ref: '#/$defs/A',
  }
  t.ok(sent({ enum: [1] }, circle).breaking.length > 0, "can't tell")
})

t.test('binary data', async (t) => {
  const binary = (maxBytes: number) => ({ binary: { maxBytes } })
  t.strictSame(sent(binary(10), binary(20)).breaking, [])
  t.strictSame(sent(binary(20), binary(10)).breaking, ['v: binary was {"maxBytes":20}, is {"maxBytes":10}'])
  t.strictSame(sent(string, binary(10)).breaking.length, 1)
  t.strictSame(sent(binary(10), string).breaking, ['v no longer accepts binary'])
  t.strictSame(sent(binary(10), true).breaking, ['v: binary was {"maxBytes":10}, and is gone'])
  t.strictSame(sent({ enum: ['a'] }, binary(10)).breaking, ['v no longer accepts "a"'])
})

t.test('what takes too long to compare counts as breaking', async (t) => {
  const bits = (type: string) => ({
    allOf: Array.from({ length: 16 }, (_, bit) => ({
      anyOf: [object({ [`a${bit}`]: { type } }), object({ [`b${bit}`]: { type } })],
    })),
  })
  t.match(sent(bits('integer'), { ...bits('number'), minProperties: 1 }).breaking.join(), /size/)
})
