import fc from 'fast-check'
import t from 'tap'
import type { Session, SessionAction } from '../../../console/session/session-types.js'
import { createHistory } from '../../../console/workbench/history.js'
import { createPageStorage } from '../../../console/workbench/page-storage.js'
import { createVariables } from '../../../console/workbench/variables.js'

const where = { identity: 1, name: '/orgs/:orgId', address: '/orgs/42' }

/** A history of one session, which acts as the test says; its browser keeps texts. */
function create(texts = new Map<string, string>(), secrets: Record<string, string> = {}) {
  const storage = createPageStorage('/', {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => void texts.set(key, text),
  })
  const variables = createVariables(storage)
  variables.set({ current: 'local', all: [{ name: 'local', values: {}, secrets }] })
  let act: (action: SessionAction) => void = () => {}
  const session = {
    lanes: { getSnapshot: () => [{ ...where, params: { orgId: 42 } }] },
    onAction: (listener: typeof act) => {
      act = listener
    },
  }
  let at = 0
  const history = createHistory({ storage, redact: variables.redact, now: () => at++ })
  // The history reads only these of a session.
  history.watch(session as unknown as Session)
  const send = (event: string, source: string) => act({ ...where, kind: 'send', event, args: [], source })
  return { history, send, act: (action: SessionAction) => act(action), texts }
}

t.test('what was sent is kept as it was written, the newest first, and across a reload', async (t) => {
  const { history, send, texts } = create()
  send('a', '{"x":"{{word}}"}')
  send('b', '1')
  const expected = [
    { name: '/orgs/:orgId', event: 'b', text: '1', params: { orgId: '42' }, at: 1 },
    { name: '/orgs/:orgId', event: 'a', text: '{"x":"{{word}}"}', params: { orgId: '42' }, at: 0 },
  ]
  t.strictSame(history.sent.getSnapshot(), expected)
  t.strictSame(create(texts).history.sent.getSnapshot(), expected)
  send('a', '{"x":"{{word}}"}')
  t.strictSame(
    history.sent.getSnapshot().map(({ event }) => event),
    ['a', 'b'],
    'the same message is listed once',
  )
  history.clear()
  t.strictSame(create(texts).history.sent.getSnapshot(), [])
})

t.test('whatever the browser has kept, only messages are read', async (t) => {
  const message = { name: '/a', event: 'a', text: '', params: {} }
  const odd = [
    null,
    7,
    { ...message, params: { orgId: 42 } },
    { ...message, at: 'x', title: 7 },
    { ...message, params: null, at: 1, title: 'B' },
  ]
  const texts = new Map(['sent', 'saved'].map((key) => [`fastify-namespaces:/:${key}`, JSON.stringify(odd)]))
  texts.set('fastify-namespaces:/:sent', JSON.stringify([...odd, { ...message, at: 1 }]))
  texts.set('fastify-namespaces:/:saved', JSON.stringify([...odd, { ...message, title: 'A' }]))
  const { history } = create(texts)
  t.strictSame(history.sent.getSnapshot(), [{ ...message, at: 1 }])
  t.strictSame(history.saved.getSnapshot(), [{ ...message, title: 'A' }])
})

t.test('what became a secret after it was sent is hidden with the next message', async (t) => {
  const texts = new Map<string, string>()
  create(texts).send('login', '{"token":"a-long-secret"}')
  const { send } = create(texts, { token: 'a-long-secret' })
  send('other', '1')
  t.notMatch(texts.get('fastify-namespaces:/:sent'), 'a-long-secret')
})

t.test('without its source, a message is kept as its value; joins and leaves are no messages', async (t) => {
  const { history, act } = create()
  act({ ...where, kind: 'join', auth: '{}' })
  act({ ...where, kind: 'leave' })
  act({ ...where, kind: 'stream', event: 'a', payload: { x: 1 }, items: [], isCancelled: true })
  act({ ...where, kind: 'call', event: 'b', args: [1, 'two'], result: { ms: 1 } })
  act({ ...where, kind: 'send', event: 'c', args: [] })
  t.strictSame(
    history.sent.getSnapshot().map(({ text }) => text),
    ['', '[1,"two"]', '{"x":1}'],
  )
})

t.test('a message is saved by its name, and removed', async (t) => {
  const { history, texts } = create()
  const message = { name: '/chat', event: 'a', text: '1', params: {} }
  history.save({ ...message, title: 'first' })
  history.save({ ...message, title: 'first', text: '2' })
  history.save({ ...message, title: 'second' })
  const reloaded = create(texts).history
  t.strictSame(
    reloaded.saved.getSnapshot().map(({ title, text }) => [title, text]),
    [
      ['second', '1'],
      ['first', '2'],
    ],
  )
  const [second] = reloaded.saved.getSnapshot()
  if (second) reloaded.remove(second)
  t.equal(create(texts).history.saved.getSnapshot().length, 1)
})

t.test('100 messages and 200 KB are kept', async (t) => {
  const { history, send } = create()
  for (let number = 0; number < 120; number++) send('a', String(number))
  t.equal(history.sent.getSnapshot().length, 100)
  t.equal(history.sent.getSnapshot()[0]?.text, '119')
  for (let number = 0; number < 5; number++) send('large', `"${number}${'x'.repeat(60_000)}"`)
  t.equal(history.sent.getSnapshot().filter(({ event }) => event === 'large').length, 3)
  send('too large', 'x'.repeat(300_000))
  t.equal(history.sent.getSnapshot().length, 0, 'what alone is too large is not kept')
})

t.test('no secret is kept', async (t) => {
  const part = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(part, part, (rest, before) => {
      const secret = `S3CR3T-0${rest}`
      const { history, send, texts } = create(new Map(), { token: secret })
      send('a', JSON.stringify({ before, token: `Bearer ${secret}` }))
      send('b', secret)
      history.save({ title: secret, name: '/chat', event: 'a', text: secret, params: { token: secret } })
      for (const text of texts.values()) t.notMatch(text, 'S3CR3T-')
    }),
  )
})

t.test('a browser that holds something else is no history', async (t) => {
  for (const text of ['5', '{}', '[5,null,{},{"name":1}]']) {
    const { history } = create(new Map([['fastify-namespaces:/:sent', text]]))
    t.strictSame(history.sent.getSnapshot(), [], text)
  }
})
