import t from 'tap'
import { writeClientAddress } from '../../../plugin/client/joins/client-address.js'
import { createReadable, createSubscribers } from '../../../plugin/client/readable.js'
import { createUnloadWarning } from '../../../plugin/client/unload-warning.js'
import { createClient } from '../../../plugin/client.js'
import { formatAddress } from '../../../plugin/joining/namespaces/namespace-router.js'

t.test('a readable value tells of each change, and only of changes', async (t) => {
  const value = createReadable(1)
  const seen: number[] = []
  const off = value.subscribe(() => seen.push(value.getSnapshot()))
  value.set(1)
  value.set(2)
  off()
  value.set(3)
  t.strictSame(seen, [2])
})

t.test('one function that is added twice is called twice; one that is removed meanwhile is not called', async (t) => {
  const { add, call } = createSubscribers<[number]>()
  const seen: number[] = []
  const hear = (value: number) => seen.push(value)
  add(hear)
  const off = add(hear)
  call(1)
  add(() => offLate())
  const offLate = add(() => t.fail('it was removed'))
  off()
  call(2)
  t.strictSame(seen, [1, 1, 2])
})

t.test('a function that throws does not stop the others, and is reported', async (t) => {
  const queued = t.capture(globalThis, 'queueMicrotask')
  const { add, call } = createSubscribers<[]>()
  let heard = 0
  add(() => {
    throw new Error('Mine')
  })
  add(() => heard++)
  call()
  t.equal(heard, 1)
  t.equal(queued().length, 1)
})

t.test('the client writes an address as the server does', async (t) => {
  for (const [name, params] of [
    ['/', {}],
    ['/chat', { unused: 1 }],
    ['/orgs/:orgId', { orgId: 42 }],
    ['/orgs/:orgId', { orgId: 'ä/%?#;,\\ \u0007:*()' }],
    ['/orgs/:orgId', { orgId: '\ud800' }],
    ['/orgs/:orgId/docs/:docId', { orgId: ':docId', docId: true }],
    ['/:from-:to', { from: 'a', to: 'b' }],
    ['/n/:id(^\\d+$)/x', { id: 7n }],
    ['/n/:id(^(?:a|\\)(?:b))$)', { id: 'a' }],
    ['/files/*', { '*': 'a/b c/d' }],
  ] as const) {
    t.equal(writeClientAddress(name, params), formatAddress(name, params), name)
  }
  t.equal(writeClientAddress('/orgs/42'), '/orgs/42')
  t.equal(writeClientAddress('/n/:id(^open', { id: 1 }), '/n/1')
  for (const params of [{}, { orgId: '' }, { orgId: undefined }, { orgId: null }])
    t.throws(() => writeClientAddress('/orgs/:orgId', params), new TypeError('The params of /orgs/:orgId lack orgId'))
  t.throws(() => writeClientAddress('/:toString', {}), TypeError)
})

t.test('a page listens for beforeunload only while something is pending', async (t) => {
  const pending = createReadable(0)
  createUnloadWarning(pending)() // in Node.js there is no page
  const listeners = new Set<(event: object) => void>()
  t.intercept(globalThis, 'addEventListener' as never, {
    value: (_: string, listener: never) => listeners.add(listener),
  })
  t.intercept(globalThis, 'removeEventListener' as never, {
    value: (_: string, listener: never) => listeners.delete(listener),
  })
  const off = createUnloadWarning(pending)
  createClient('http://127.0.0.1:1').warnBeforeUnload()()
  t.equal(listeners.size, 0)
  pending.set(1)
  pending.set(2)
  t.equal(listeners.size, 1)
  const event = {
    isPrevented: false,
    returnValue: undefined as unknown,
    preventDefault: () => Object.assign(event, { isPrevented: true }),
  }
  for (const listener of listeners) listener(event)
  t.strictSame([event.isPrevented, event.returnValue], [true, true])
  pending.set(0)
  t.equal(listeners.size, 0)
  pending.set(1)
  off()
  t.equal(listeners.size, 0)
})
