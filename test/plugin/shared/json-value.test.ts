import Fastify from 'fastify'
import t from 'tap'
import { findPoison, isBinary, toPlain } from '../../../plugin/shared/json-value.js'

t.test('a copy is what JSON would represent, and shares nothing with the value', async (t) => {
  const when = new Date(0)
  const value = {
    text: 'x',
    nothing: null,
    left: undefined,
    call: () => {},
    when,
    list: [1, undefined, { deep: true }],
    own: { toJSON: () => ({ at: when }) },
  }
  const copy = toPlain(value) as typeof value
  t.strictSame(copy, {
    text: 'x',
    nothing: null,
    when: '1970-01-01T00:00:00.000Z',
    list: [1, null, { deep: true }],
    own: { at: '1970-01-01T00:00:00.000Z' },
  } as unknown)
  t.not(copy.list, value.list)
  t.not(copy.list[2], value.list[2])
  for (const scalar of [undefined, null, 'x', 7, true]) t.equal(toPlain(scalar), scalar)
})

t.test('a class instance becomes a plain object without inherited properties', async (t) => {
  class Point {
    x = 1
    get y() {
      return 2
    }
  }
  t.strictSame(toPlain(new Point()), { x: 1 })
  t.strictSame(toPlain(Object.assign(Object.create({ inherited: 1 }), { own: 2 })), { own: 2 })
})

t.test('binary data is not copied, at any depth', async (t) => {
  const binaries = [
    Buffer.from('x'),
    new Uint8Array(1),
    new DataView(new ArrayBuffer(1)),
    new ArrayBuffer(1),
    new Blob([]),
  ]
  for (const binary of binaries) {
    t.equal(isBinary(binary), true)
    t.equal((toPlain({ list: [binary] }) as { list: unknown[] }).list[0], binary)
  }
  for (const other of [null, undefined, 'x', {}, []]) t.equal(isBinary(other), false)
})

t.test('the key __proto__ is left out', async (t) => {
  const copy = toPlain(JSON.parse('{"__proto__":{"admin":true},"a":1}')) as { admin?: boolean }
  t.strictSame(copy, { a: 1 })
  t.equal(copy.admin, undefined)
})

t.test('a cycle, or nesting deeper than 200 levels, is refused', async (t) => {
  const cycle: { self?: object } = {}
  cycle.self = cycle
  t.throws(() => toPlain(cycle), { name: 'RangeError', message: 'The value is nested too deeply, or contains itself' })
  const ownJson = { toJSON: () => ownJson }
  t.throws(() => toPlain(ownJson), RangeError)
  t.doesNotThrow(() => toPlain(nest(200)))
  t.throws(() => toPlain(nest(201)), RangeError)
})

t.test('a value from the wire is accepted up to the allowed depth', async (t) => {
  t.equal(findPoison(nest(3), 4), undefined)
  t.equal(findPoison(nest(4), 4), 'is nested too deeply')
  t.equal(findPoison([[[]]], 3), undefined)
  t.equal(findPoison([[[]]], 2), 'is nested too deeply')
  t.equal(findPoison('x', 0), undefined)
  t.equal(findPoison(null, 0), undefined)
  t.equal(findPoison(Buffer.from('x'), 0), undefined)
  t.equal(findPoison([], 0), 'is nested too deeply')
})

t.test('a key that could change a prototype is found at any depth', async (t) => {
  for (const json of ['{"__proto__":1}', '{"_placeholder":1}', '{"constructor":{"prototype":1}}']) {
    const poisoned = JSON.parse(json)
    t.equal(findPoison(poisoned, 9), 'has a key that is not allowed')
    t.equal(findPoison([1, { a: [poisoned] }], 9), 'has a key that is not allowed')
  }
  t.equal(findPoison({ a: '__proto__', b: ['constructor'] }, 9), undefined)
})

t.test('the refused keys are those that Fastify refuses in a body', async (t) => {
  const app = Fastify()
  app.post('/', async ({ body }) => body)
  const values = ['1', 'null', '"Ferrari"', '[]', '{}', '{"name":1}', '{"prototype":1}', '{"prototype":{}}']
  const keys = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__', 'c\\u006fnstructor']
  for (const json of keys.flatMap((key) => values.map((value) => `{"${key}":${value}}`))) {
    for (const payload of [json, `{"a":[${json}]}`]) {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: '/',
        payload,
        headers: { 'content-type': 'application/json' },
      })
      t.equal(findPoison(JSON.parse(payload), 9) !== undefined, statusCode === 400, payload)
    }
  }
})

/** An object with so many nested levels. */
function nest(depth: number): object {
  let value: object = {}
  for (let level = 0; level < depth; level++) value = { value }
  return value
}
