import t from 'tap'
import { binaryPlacesOf } from '../../../../console/catalog/payload/binary-places.js'
import { readPayload } from '../../../../console/catalog/payload/payload.js'
import { prettyJson } from '../../../../console/catalog/payload/pretty-json.js'
import { problemsIn } from '../../../../console/catalog/sent-problems.js'

const same = (text: string) => ({ text, missing: [] })
const none = new Map<string, Uint8Array>()

t.test('an empty text is no payload', async (t) => {
  t.strictSame(readPayload('  ', same, none), { value: undefined })
})

t.test('bytes are those of a chosen file, or base64', async (t) => {
  const files = new Map([['cat.png (3 B)', Uint8Array.of(1, 2, 3)]])
  const text = '{"a": {"$file": "cat.png (3 B)"}, "b": [{"$binary": "AQI="}], "c": {"$binary": "", "x": 1}}'
  t.strictSame(readPayload(text, same, files), {
    value: { a: Uint8Array.of(1, 2, 3), b: [Uint8Array.of(1, 2)], c: { $binary: '', x: 1 } },
  })
})

t.test('what can not be sent is a problem at its place', async (t) => {
  t.match(readPayload('{', same, none), { problem: { path: '', message: /^is not JSON/ } })
  t.match(readPayload('{"a/b": {"$file": "x"}}', same, none), {
    problem: { path: '/a~1b', message: 'choose the file x again' },
  })
  t.match(readPayload('[{"$binary": "*"}]', same, none), { problem: { path: '/0', message: 'is not base64' } })
  const expand = (text: string) => ({ text, missing: ['token'] })
  t.match(readPayload('"{{token}}"', expand, none), { problem: { message: /\{\{token\}\}/ }, missing: ['token'] })
})

t.test('a key named __proto__ stays a key', async (t) => {
  const read = readPayload('{"__proto__": {"a": 1}}', same, none)
  t.ok('value' in read && Object.hasOwn(Object(read.value), '__proto__'))
})

t.test('the places that take bytes are found by their pointers', async (t) => {
  const image = { binary: { maxBytes: 10, contentType: 'image/png' } }
  const schema = {
    type: 'object',
    properties: {
      image,
      list: { type: 'array', items: { properties: { 'a/b': image } } },
      either: { anyOf: [{ type: 'null' }, image] },
    },
  }
  t.strictSame(
    binaryPlacesOf(schema, {}).map(({ path }) => path),
    ['/image', '/list/0/a~1b', '/either'],
  )
  t.strictSame(binaryPlacesOf(image, {}), [{ path: '', maxBytes: 10, contentType: 'image/png' }])
})

t.test('a schema that contains itself has a bounded number of places', async (t) => {
  const shared = {
    Node: { $id: 'Node', properties: { a: { $ref: 'Node#' }, b: { $ref: 'Node#' }, c: { binary: { maxBytes: 1 } } } },
  }
  t.equal(binaryPlacesOf({ $ref: 'Node#' }, shared).length, 20)
})

t.test('bytes are shown as base64, and long ones are cut', async (t) => {
  t.strictSame(JSON.parse(prettyJson({ a: Uint8Array.of(1, 2), b: Uint8Array.of(3).buffer })), {
    a: { $binary: 'AQI=' },
    b: { $binary: 'Aw==' },
  })
  t.match(JSON.parse(prettyJson(new Uint8Array(5_000))), { $binary: /…$/, bytes: 5_000 })
  t.equal(prettyJson(undefined), '')
  t.match(prettyJson(1n), 'BigInt')
})

t.test('the problems of an error are those of its details that have a place and a message', async (t) => {
  t.strictSame(problemsIn([{ path: '/a', message: 'is odd', more: 1 }, null, { path: 1, message: 'x' }]), [
    { path: '/a', message: 'is odd' },
  ])
  t.strictSame(problemsIn({ left: 1 }), [])
})
