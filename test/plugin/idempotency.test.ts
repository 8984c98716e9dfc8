import t from 'tap'
import { createMemory, createMemoryStore } from '../../plugin/idempotency.js'

t.test('whoever comes first claims a key; everybody else gets the ack that the first one settles', async (t) => {
  const store = createMemoryStore()
  t.equal(await store.claim('a', 1_000), undefined)
  t.equal(await store.claim('b', 1_000), undefined, 'another key is another claim')
  const early = store.claim('a', 1_000)
  await store.settle('a', '{"ok":true}', 1_000)
  t.equal(await early, '{"ok":true}', 'who asked before it was settled')
  t.equal(await store.claim('a', 1_000), '{"ok":true}', 'who asks after')
})

t.test('a claim that is given up is heard of, and may be claimed again', async (t) => {
  const store = createMemoryStore()
  await store.claim('a', 1_000)
  const waiting = store.claim('a', 1_000)
  await store.release('a')
  await t.rejects(waiting, { message: 'The first event with this key has not been answered' })
  t.equal(await store.claim('a', 1_000), undefined)
  await store.release('a')
  await store.release('never claimed')
})

t.test('an ack is kept for its time, from the moment it was settled', async (t) => {
  let now = 0
  const store = createMemoryStore(10, () => now)
  await store.claim('a', 100)
  now = 90
  await store.settle('a', '1', 100)
  now = 189
  t.equal(await store.claim('a', 100), '1')
  now = 190
  t.equal(await store.claim('a', 100), undefined, 'its time is over')
})

t.test('a claim that was never settled ends with its time, too', async (t) => {
  let now = 0
  const store = createMemoryStore(10, () => now)
  await store.claim('a', 100)
  now = 100
  t.equal(await store.claim('a', 100), undefined)
})

t.test('when it is full, the oldest go', async (t) => {
  const store = createMemoryStore(2)
  for (const key of ['a', 'b', 'c']) {
    t.equal(await store.claim(key, 1_000), undefined)
    await store.settle(key, key, 1_000)
  }
  t.equal(await store.claim('c', 1_000), 'c')
  t.equal(await store.claim('b', 1_000), 'b')
  t.equal(await store.claim('a', 1_000), undefined, 'the oldest has gone')
  t.equal(await store.claim('b', 1_000), undefined, 'and now the oldest of those that were left')
})

t.test('an ack for a key that nobody holds any more is not kept', async (t) => {
  const store = createMemoryStore(1)
  await store.claim('a', 1_000)
  await store.claim('b', 1_000)
  await store.settle('a', 'late', 1_000)
  t.equal(await store.claim('a', 1_000), undefined)
})

t.test('a memory keeps what JSON can, and gives the claim up where it can not', async (t) => {
  const memory = createMemory({ store: createMemoryStore(), ttlMs: 1_000 })
  t.equal(await memory.recall('a'), undefined)
  const later = memory.recall('a')
  await memory.keep('a', { ok: true, data: 1 })
  t.strictSame(await later, { ok: true, data: 1 })

  t.equal(await memory.recall('b'), undefined)
  await t.rejects(memory.keep('b', { ok: true, data: 1n }), TypeError)
  t.equal(await memory.recall('b'), undefined, 'the next one is the first')
})
