import t from 'tap'
import { until } from '../harness.js'
import { hear, startTwo } from './cluster.js'

t.test('two nodes deliver the emits of both in one order', async (t) => {
  const { one, two } = await startTwo(t)
  const here = await hear(one)
  const there = await hear(two)
  for (let round = 0; round < 50; round++) {
    one.app.io.of('/chat').emit('news', `one ${round}`)
    two.app.io.of('/chat').emit('news', `two ${round}`)
    if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => here.events.length === 100 && there.events.length === 100)
  t.strictSame(here.events, there.events)
  for (const name of ['one', 'two']) {
    const own = here.events.filter(([, text]) => String(text).startsWith(name))
    t.strictSame(
      own,
      Array.from({ length: 50 }, (_, round) => ['news', `${name} ${round}`]),
    )
  }
})
