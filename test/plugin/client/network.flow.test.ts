import t from 'tap'
import { Type } from 'typebox'
import { type AnyJoined, CallError } from '../../../plugin/client.js'
import { defineNamespace } from '../../../plugin/index.js'
import { serve, untilStatus } from '../client-harness.js'
import { until } from '../harness.js'
import { createRandom } from '../random.js'

/*
 * A network that breaks at any time: no call is lost or handled twice, no listener is lost, no item is lost or comes twice, and
 * there is one connection.
 */

t.setTimeout(120_000)

const NAMESPACES = 8
const STEPS = 300

for (const seed of [1, 2, 3]) {
  t.test(`whenever connections break, with seed ${seed}`, async (t) => {
    const random = createRandom(seed)
    const below = (most: number) => Math.floor(random.next() * most)
    const handled = new Map<string, number>()
    const doc = defineNamespace({
      emits: { saved: { payload: Type.String() } },
      events: {
        'line:add': {
          payload: Type.Object({ key: Type.String() }),
          reply: Type.String(),
          idempotency: { key: ({ key }) => key },
          handler: async ({ key }) => {
            handled.set(key, (handled.get(key) ?? 0) + 1)
            await new Promise((resolve) => setImmediate(resolve))
            return key
          },
        },
        'line:echo': { payload: Type.String(), reply: Type.String(), handler: (text) => text },
        'line:count': {
          payload: Type.Null(),
          stream: Type.Integer(),
          itemId: (item: number) => item,
          async *handler(_payload, context) {
            for (let next = Number(context.lastId ?? 0) + 1; next <= 200; next++) yield next
          },
        },
      },
    })
    const { app, client, cut } = await serve(t, { '/docs/:id': doc })
    const { join, pending, manager } = client({ timeoutMs: 60_000, maxWaiting: STEPS })
    const heard = new Map<AnyJoined, string[]>()
    const joinAny = (id: number) => {
      const joined = join('/docs/:id', { id })
      const texts: string[] = []
      heard.set(joined, texts)
      joined.on('saved', (text: string) => void texts.push(text))
      return joined
    }
    const uses = Array.from({ length: NAMESPACES }, (_, id) => joinAny(id))
    const work: Promise<unknown>[] = []
    let cuts = 0

    async function count(joined: AnyJoined): Promise<void> {
      const items: unknown[] = []
      for await (const item of joined.stream('line:count', null, { resume: true })) {
        // Without an id the server has sent nothing yet, so what begins anew begins with the first item.
        items.push(item)
      }
      t.strictSame(
        items,
        Array.from({ length: 200 }, (_, index) => index + 1),
      )
    }

    async function echo(joined: AnyJoined, text: string): Promise<void> {
      try {
        t.equal(await joined.call('line:echo', text), text)
      } catch (error) {
        t.match(error, { code: 'NSP_CLIENT_OFFLINE', details: { isSent: true } })
        t.ok(error instanceof CallError)
      }
    }

    for (let step = 0; step < STEPS; step++) {
      const joined = uses[below(NAMESPACES)] as AnyJoined
      const action = below(10)
      if (action === 0 && cuts++ < 20) cut()
      else if (action === 1) {
        // Another use of the same namespace takes its place, before or after the first has left.
        const index = uses.indexOf(joined)
        if (below(2) === 0) uses[index] = joinAny(index)
        else work.push(joined.ready)
      } else if (action === 2) work.push(count(joined))
      else if (action < 6) work.push(echo(joined, `${step}`))
      else {
        const key = `${step}`
        work.push(
          joined.call('line:add', { key }, { retry: true }).then((reply) => {
            t.equal(reply, key)
            t.equal(handled.get(key), 1, `${key} is handled once`)
          }),
        )
      }
      if (below(3) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(work)
    await Promise.all([...heard.keys()].map((joined) => untilStatus(joined, 'joined')))
    t.equal(pending.getSnapshot(), 0)
    for (const texts of heard.values()) texts.length = 0
    for (let id = 0; id < NAMESPACES; id++) app.io.of(`/docs/${id}`).emit('saved', 'now')
    await until(() => [...heard.values()].every(({ length }) => length > 0))
    for (const texts of heard.values()) t.strictSame(texts, ['now'])
    await until(() => app.io.engine.clientsCount === 1)
    t.equal(manager.engine.readyState, 'open')
    for (const joined of uses) t.equal(joined.socket.sendBuffer.length, 0)
  })
}
