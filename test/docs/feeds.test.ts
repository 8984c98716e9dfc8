import { once } from 'node:events'
import t from 'tap'
import { buildServer } from '../../examples/stocks.js'
import { refusal, until } from '../plugin/harness.js'

/*
 * The statements of docs/feeds.md hold for its example.
 */

t.test('examples/stocks.ts: all clients of a stock have one feed, which ends when its server closes', async (t) => {
  const opened: string[] = []
  const ended: string[] = []
  const prices = new EventTarget()
  const app = await buildServer(async function* (symbol, signal) {
    opened.push(symbol)
    try {
      for (let price = 1; ; price++) {
        await once(prices, 'price', { signal })
        yield price
      }
    } finally {
      ended.push(symbol)
    }
  })
  t.teardown(() => app.close())
  const [one, two] = [await app.injectSocket('/stocks/ACME'), await app.injectSocket('/stocks/ACME')]
  await app.injectSocket('/stocks/TEA')
  await until(() => opened.length === 2)
  const heard = [one, two].map((socket) => socket.nextEvent('price:new'))
  prices.dispatchEvent(new Event('price'))
  t.strictSame(await Promise.all(heard), [1, 1])
  t.match(await refusal(app.injectSocket('/stocks/acme')), { data: { code: 'FST_NSP_CONNECT_INVALID' } })
  await app.close()
  t.strictSame(
    [opened, ended],
    [
      ['ACME', 'TEA'],
      ['ACME', 'TEA'],
    ],
  )
})

t.test('examples/stocks.ts: its own prices arrive', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  const socket = await app.injectSocket('/stocks/ACME')
  t.type(await socket.nextEvent('price:new'), 'number')
})
