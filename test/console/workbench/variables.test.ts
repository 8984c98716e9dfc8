import fc from 'fast-check'
import t from 'tap'
import { createPageStorage, type StorageArea } from '../../../console/workbench/page-storage.js'
import { createVariables } from '../../../console/workbench/variables.js'

function createArea(): StorageArea & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>()
  return { texts, getItem: (key) => texts.get(key) ?? null, setItem: (key, text) => void texts.set(key, text) }
}

function create(values: Record<string, string>, secrets: Record<string, string> = {}, area = createArea()) {
  const variables = createVariables(createPageStorage('/namespaces/', area))
  variables.set({ current: 'local', all: [{ name: 'local', values, secrets }] })
  return variables
}

t.test('a variable in a JSON string is inserted as text', async (t) => {
  const { expand } = create({ name: 'Ada "the first"', count: '5' })
  t.strictSame(JSON.parse(expand('{"a":"{{name}}","b":"{{ count }} for {{name}}"}').text), {
    a: 'Ada "the first"',
    b: '5 for Ada "the first"',
  })
})

t.test('a variable in place of a value is inserted as JSON', async (t) => {
  const { expand } = create({ count: '5', user: '{"id":1}', word: 'tea' })
  t.strictSame(JSON.parse(expand('[{{count}}, {{user}}, {{word}}]').text), [5, { id: 1 }, 'tea'])
})

t.test('unknown variables stay, and are missing', async (t) => {
  const { expand } = create({ known: '1' })
  t.strictSame(expand('["{{a}}", {{b}}, "{{a}} {{known}}", "{{toString}}", "{{__proto__}}"]'), {
    text: '["{{a}}", {{b}}, "{{a}} 1", "{{toString}}", "{{__proto__}}"]',
    missing: ['a', 'b', 'toString', '__proto__'],
  })
})

t.test('a variable without a value is missing, too: a secret after a reload', async (t) => {
  const area = createArea()
  create({ word: '' }, { token: 'S3CR3T-token' }, area)
  const { expand } = createVariables(createPageStorage('/namespaces/', area))
  t.strictSame(expand('["{{token}}", {{word}}]'), { text: '["{{token}}", {{word}}]', missing: ['token', 'word'] })
})

t.test('a text without variables is not changed', async (t) => {
  const { expand } = create({ a: '1' })
  fc.assert(fc.property(fc.json(), (text) => text.includes('{{') || expand(text).text === text))
  t.equal(expand('{"a":{"b":{}}}').text, '{"a":{"b":{}}}')
})

t.test('any value in a JSON string is that value again', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
      t.equal(JSON.parse(create({ v: value }).expand('"{{v}}"').text), value)
    }),
  )
})

t.test('whatever the browser has kept, the page opens', async (t) => {
  const odd = { toString: 1, valueOf: 1 }
  for (const all of [
    [{ name: 'a', values: { x: odd, y: null, z: 'kept' }, secrets: [odd, 'token'] }],
    [
      { name: 'a', values: { z: 'kept' }, secrets: ['token'] },
      { name: 'a', values: { z: 'hidden' } },
    ],
  ]) {
    const area = createArea()
    area.texts.set('fastify-namespaces:/namespaces/:environments', JSON.stringify({ current: odd, all }))
    const { environments } = createVariables(createPageStorage('/namespaces/', area))
    t.strictSame(environments.getSnapshot(), {
      current: 'a',
      all: [{ name: 'a', values: { z: 'kept' }, secrets: { token: '' } }],
    })
  }
})

t.test('the variables of the selected environment count', async (t) => {
  const area = createArea()
  const variables = create({ host: 'a' }, {}, area)
  const all = [...variables.environments.getSnapshot().all, { name: 'staging', values: { host: 'b' }, secrets: {} }]
  variables.set({ current: 'staging', all })
  t.equal(variables.expand('"{{host}}"').text, '"b"')
  const reloaded = createVariables(createPageStorage('/namespaces/', area))
  t.strictSame(reloaded.environments.getSnapshot(), { current: 'staging', all })
  const elsewhere = createVariables(createPageStorage('/other/', area))
  t.strictSame(elsewhere.environments.getSnapshot().all.length, 1, 'under another path it has variables of its own')
})

t.test('of a secret, the browser keeps the name only', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (rest) => {
      const area = createArea()
      create({ room: 'tea' }, { token: `S3CR3T${rest}` }, area)
      for (const text of area.texts.values()) t.notMatch(text, 'S3CR3T')
      const reloaded = createVariables(createPageStorage('/namespaces/', area))
      t.strictSame(reloaded.environments.getSnapshot().all[0]?.secrets, { token: '' })
    }),
  )
})

t.test('the value of a secret is replaced by its name, also where JSON escapes it', async (t) => {
  const { redact } = create({}, { token: 'a"secret\nvalue', longer: 'a"secret\nvalue, and more', pin: '1234' })
  t.equal(redact('a"secret\nvalue'), '{{token}}')
  t.equal(redact(JSON.stringify({ a: 'Bearer a"secret\nvalue' })), '{"a":"Bearer {{token}}"}')
  t.equal(redact('a"secret\nvalue, and more'), '{{longer}}', 'the longest first')
  t.equal(redact('12345'), '12345', 'a short one would be found in anything')
})

t.test('storage that throws or holds something else does not matter', async (t) => {
  const refusing: StorageArea = {
    getItem: () => {
      throw new Error('denied')
    },
    setItem: () => {
      throw new Error('QuotaExceededError')
    },
  }
  for (const area of [refusing, undefined]) {
    const variables = createVariables(createPageStorage('/', area))
    variables.set({ current: 'local', all: [{ name: 'local', values: { a: '1' }, secrets: {} }] })
    t.equal(variables.expand('{{a}}').text, '1')
  }
  for (const text of ['{', '5', 'null', '[]', '{"all":[null,{"name":5},{"name":"x","values":7,"secrets":8}]}']) {
    const area = createArea()
    area.texts.set('fastify-namespaces:/:environments', text)
    const { all, current } = createVariables(createPageStorage('/', area)).environments.getSnapshot()
    t.equal(all.length, 1, text)
    t.equal(all[0]?.name, current)
  }
})
