import t, { type Test } from 'tap'
import type { ClaimOptions, IdempotencyStore } from '../../../plugin/index.js'
import { hasPostgres } from '../../cluster/postgres.js'
import { hasRedis } from '../../cluster/redis.js'
import { build, client, withResolvers } from '../harness.js'
import { KINDS, type TestedStore } from './tested-stores.js'

/*
 * Stores that two nodes share. In these tests a lease lasts ten minutes, unless they say otherwise: whoever waits is not served by looking
 * again.
 */

t.setTimeout(120_000)

const LONG: ClaimOptions = { leaseMs: 600_000, ttlMs: 600_000, fingerprint: 'one payload' }
const LOST = { code: 'FST_NSP_CLAIM_LOST' }

async function begin(store: IdempotencyStore, key: string, options = LONG): Promise<string> {
  const claim = await store.claim(key, options)
  if (claim === 'mismatch' || 'ack' in claim) throw new Error(`${key} is taken: ${JSON.stringify(claim)}`)
  return claim.token
}

for (const kind of ['redis', 'ioredis', 'postgres'] as const) {
  const isThere = await (kind === 'postgres' ? hasPostgres() : hasRedis())
  t.test(kind, { skip: !isThere && 'not installed' }, async (t) => {
    const tested = await KINDS[kind](t)
    await testStore(t, tested)
  })
}

async function testStore(t: Test, tested: TestedStore): Promise<void> {
  const [one, other] = [tested.create(), tested.create()]

  await t.test('a caller on another node receives the ack when it is settled', async (t) => {
    const token = await begin(one, 'told')
    const [early, here] = [other.claim('told', LONG), one.claim('told', LONG)]
    await one.settle(token, '{"ok":true}')
    t.strictSame(await Promise.all([early, here]), [{ ack: '{"ok":true}' }, { ack: '{"ok":true}' }])
    t.strictSame(await other.claim('told', LONG), { ack: '{"ok":true}' })
  })

  await t.test('when a claim is released, one caller on another node receives the next', async (t) => {
    const token = await begin(one, 'released')
    const waiting = [0, 1, 2].map(() => other.claim('released', LONG))
    await one.release(token)
    const next = await Promise.race(waiting.map((claim, index) => claim.then((granted) => ({ index, granted }))))
    await other.settle((next.granted as { token: string }).token, '"ack"')
    const others = waiting.filter((_claim, index) => index !== next.index)
    t.strictSame(await Promise.all(others), [{ ack: '"ack"' }, { ack: '"ack"' }])
  })

  await t.test(
    'the claim of a holder that is silent for leaseMs goes to another node, and the first is refused',
    async (t) => {
      const lost = await begin(one, 'silent', { ...LONG, leaseMs: 60 })
      const { token } = (await other.claim('silent', LONG)) as { token: string }
      await t.rejects(one.settle(lost, '"late"'), LOST)
      await t.rejects(one.renew(lost), LOST)
      await one.release(lost)
      await other.settle(token, '"in time"')
      t.strictSame(await one.claim('silent', LONG), { ack: '"in time"' })
    },
  )

  await t.test('renew() begins the lease again', async (t) => {
    const brief = { ...LONG, leaseMs: 2_000 }
    const token = await begin(one, 'renewed', brief)
    const waiting = other.claim('renewed', LONG)
    // The lease of a holder that does not renew it began later, and ends first.
    await begin(one, 'not renewed', brief)
    let hasEnded = false
    const next = other.claim('not renewed', LONG).then((claim) => {
      hasEnded = true
      return claim
    })
    while (!hasEnded) await one.renew(token)
    t.match(await next, { token: String })
    await one.settle(token, '"ack"')
    t.strictSame(await waiting, { ack: '"ack"' })
  })

  await t.test('an ack is kept for its ttlMs', async (t) => {
    await one.settle(await begin(one, 'short', { ...LONG, ttlMs: 50 }), '"ack"')
    let claim = await other.claim('short', LONG)
    while (claim !== 'mismatch' && 'ack' in claim) claim = await other.claim('short', LONG)
    t.match(claim, { token: String })
  })

  await t.test('another payload under the same key is a mismatch', async (t) => {
    const token = await begin(one, 'reused')
    const strange = { ...LONG, fingerprint: 'another payload' }
    t.equal(await other.claim('reused', strange), 'mismatch')
    await one.settle(token, '"ack"')
    t.equal(await other.claim('reused', strange), 'mismatch')
  })

  await t.test('keys of any length and acks of any JSON come back as they were', async (t) => {
    const ack = JSON.stringify({ text: `\u0000 ä € 😀 ${'x'.repeat(500_000)} \ud800` })
    for (const key of ['', 'k'.repeat(100_000), '\u0000', '😀']) {
      await one.settle(await begin(one, key), ack)
      t.strictSame(await other.claim(key, LONG), { ack })
    }
  })

  await t.test('a step whose answer was not heard may be repeated', async (t) => {
    const token = await begin(one, 'again')
    await one.settle(token, '"ack"')
    await other.settle(token, '"ack"')
    await t.rejects(one.renew(token), LOST)
    await one.release(token)
    t.strictSame(await one.claim('again', LONG), { ack: '"ack"' }, 'a release after that does nothing')
  })

  await t.test('a caller leaves when its signal aborts', async (t) => {
    const token = await begin(one, 'left')
    const abort = new AbortController()
    const claim = other.claim('left', { ...LONG, signal: abort.signal })
    const patient = other.claim('left', { ...LONG, signal: new AbortController().signal })
    // The server answers in turn: after this answer, both wait.
    await begin(other, 'behind')
    abort.abort(new Error('gone'))
    await t.rejects(claim, { message: 'gone' })
    await t.rejects(other.claim('left', { ...LONG, signal: abort.signal }), { message: 'gone' })
    const inTime = new AbortController()
    const aborted = other.claim('left', { ...LONG, signal: inTime.signal })
    inTime.abort(new Error('at once'))
    await t.rejects(aborted, { message: 'at once' })
    await one.settle(token, '"ack"')
    t.strictSame(await patient, { ack: '"ack"' })
  })

  await t.test('two applications share a store, and it ends with the last of them', async (t) => {
    const shared = tested.create()
    const [begun, held] = [withResolvers(), withResolvers<number>()]
    const events = (handler: () => unknown) => ({ e: { idempotency: { key: () => 'app', store: shared }, handler } })
    const hold = () => {
      begun.resolve()
      return held.promise
    }
    const first = await client(t, { events: events(hold) })
    const second = await client(t, { events: events(() => t.fail('it runs twice')) })
    const acks = [first.socket.emitWithAck('e')]
    await begun.promise
    held.resolve(1)
    acks.push(second.socket.emitWithAck('e'))
    t.strictSame(await Promise.all(acks), Array(2).fill({ ok: true, data: 1 }))
    await first.app.close()
    t.strictSame(await second.socket.emitWithAck('e'), { ok: true, data: 1 })
    const waiting = begin(shared, 'held').then(() => shared.claim('held', LONG))
    waiting.catch(() => {})
    await second.app.close()
    await t.rejects(shared.claim('x', LONG), { message: 'The store is closed' })
    await t.rejects(waiting, { message: 'The store is closed' })
    const third = await build(t, { namespaces: { '/chat': { events: events(() => 2) } } })
    const socket = await third.injectSocket('/chat')
    t.strictSame(await socket.emitWithAck('e'), { ok: true, data: 1 }, 'another application may open it again')
  })
}
