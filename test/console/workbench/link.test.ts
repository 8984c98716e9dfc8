import fc from 'fast-check'
import t from 'tap'
import { readLink, writeLink } from '../../../console/workbench/link.js'
import type { Selection } from '../../../console/workbench/workspace.js'

const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const name = text.map((rest) => `/${rest}`)
const event = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
const selection: fc.Arbitrary<Selection> = fc.oneof(
  fc.constantFrom<Selection>({ view: 'start' }, { view: 'connection' }),
  fc.record({ view: fc.constantFrom('namespace' as const, 'plain' as const), name }, { noNullPrototype: true }),
  fc.record({ view: fc.constantFrom('event' as const, 'emit' as const), name, event }, { noNullPrototype: true }),
)

t.test('a link leads to what it was made of', async (t) => {
  fc.assert(
    fc.property(selection, (selection) => {
      t.strictSame(readLink(writeLink({ selection })), { selection })
    }),
  )
  fc.assert(
    fc.property(name, event, text, fc.dictionary(text, event), (name, event, text, params) => {
      const target = { selection: { view: 'event' as const, name, event }, draft: { text, params: { ...params } } }
      t.strictSame(readLink(writeLink(target)), target)
    }),
  )
})

t.test('a link is readable', async (t) => {
  const selection = { view: 'event', name: '/orgs/:orgId', event: 'message:send' } as const
  t.equal(writeLink({ selection }), '#/event?ns=/orgs/:orgId&ev=message:send')
  t.equal(
    writeLink({ selection, draft: { text: '{"text":"{{word}} & more"}', params: { orgId: '42' } } }),
    '#/event?ns=/orgs/:orgId&ev=message:send&p.orgId=42&payload=%7B%22text%22:%22%7B%7Bword%7D%7D%20%26%20more%22%7D',
  )
})

t.test('a link has nothing at which a chat would cut it; one of before is read as well', async (t) => {
  const selection = { view: 'event', name: '/chat', event: 'a' } as const
  const draft = { text: '{"text":"{{word}} (1)"}', params: {} }
  t.notMatch(writeLink({ selection, draft }), /[{}"()\s<>]/)
  t.strictSame(readLink('#/event?ns=/chat&ev=a&payload={"text":"{{word}}%20(1)"}'), { selection, draft })
})

t.test('a hash that is no link of the page is ignored', async (t) => {
  const hashes = [
    '',
    '#',
    '#/nowhere',
    '#/event',
    '#/event?ns=/chat',
    '#/event?ns=chat&ev=a',
    '#/event?ns=javascript:alert(1)&ev=a',
    '#/emit?ev=a',
    '#/namespace?ns=',
    '#/constructor',
    '#<img src=x onerror=alert(1)>',
    `#/event?ns=/${'a'.repeat(2_000)}&ev=a`,
    `#/event?ns=/chat&ev=a&payload=${'a'.repeat(200_000)}`,
  ]
  for (const hash of hashes) t.equal(readLink(hash), undefined, hash.slice(0, 60))
  fc.assert(
    fc.property(fc.string(), (rest) => {
      t.doesNotThrow(() => readLink(`#/event?${rest}`))
    }),
  )
})
