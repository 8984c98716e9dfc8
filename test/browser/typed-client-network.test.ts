import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespaces, type NamespacesOptions } from '../../plugin/index.js'
import { openBundledPage } from './bundled-page.js'
import { launchChromium } from './chromium.js'
import type { NetworkPage } from './pages/network-page.js'

t.setTimeout(300_000)

/*
 * The client in a browser, behind a network that cuts, stalls and delays.
 */

let browser: Browser
t.before(async () => {
  browser = await launchChromium()
})
t.teardown(() => browser?.close())

/** A server that writes down the numbers that it is sent, and those that it streams. */
function createNumbers() {
  const numbers = {
    added: [] as number[],
    /** Called before each number is acked, with how many there are. */
    onAdded: (_count: number) => {},
    /** Called before each number is streamed. */
    onStreamed: (_number: number) => {},
  }
  const definitions = defineNamespaces({
    '/rooms/:room': {
      emits: { tick: { payload: Type.String() } },
      events: {
        'number:add': {
          payload: Type.Integer(),
          reply: Type.String(),
          idempotency: { key: (number) => String(number) },
          handler: (number, { namespace }) => {
            namespace.emit('tick', String(number))
            numbers.onAdded(numbers.added.push(number))
            return `added ${number}`
          },
        },
        'number:count': {
          payload: Type.Integer(),
          reply: Type.String(),
          stream: Type.Integer(),
          itemId: (number) => number,
          handler: async function* (last, { lastId }) {
            for (let number = Number(lastId ?? 0) + 1; number <= last; number++) {
              numbers.onStreamed(number)
              yield number
            }
            return 'counted'
          },
        },
      },
    },
  })
  return { numbers, definitions }
}

/** Opens the page behind a network. */
async function open(t: Test, io: NamespacesOptions['io'] = {}) {
  const { numbers, definitions } = createNumbers()
  const page = await openBundledPage<NetworkPage>(t, browser, 'network-page', {
    io,
    limits: { eventsPerSecond: 0 },
    namespaces: definitions,
  })
  // A stalled network works again when the server has given a connection up.
  page.app.io.engine.on('connection', (engine) => engine.on('close', () => page.proxy.resume()))
  return { ...page, numbers }
}

/** A connection that stalls is given up within a second. */
const IMPATIENT = { pingInterval: 400, pingTimeout: 400 }

t.test('100 namespaces are joined, left and joined again over one WebSocket', async (t) => {
  const { app, ask, websockets, complaints } = await open(t)
  await ask('join', 100)
  await ask('leave')
  await ask('join', 100)
  t.same(new Set(await ask('states')), new Set(['joined']))
  t.equal(websockets.length, 1, 'the browser has opened one')
  t.equal(app.io.engine.clientsCount, 1, 'the server has one connection')
  t.same(complaints, [])
})

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** What each listener of a room hears of these numbers, each once. */
const onceEach = (numbers: readonly number[]) =>
  Object.fromEntries(numbers.flatMap((number) => ['a', 'b'].map((listener) => [`/rooms/0 ${listener} ${number}`, 1])))

t.test(
  'behind a network that cuts, stalls and delays, every call with a key is handled once and answered once',
  async (t) => {
    const { ask, proxy, numbers, websockets, complaints } = await open(t, IMPATIENT)
    await ask('join', 1)
    const troubles = [proxy.cut, () => proxy.delay(30), proxy.stall, () => proxy.delay(0)]
    // In the handler: the ack is lost with the connection.
    numbers.onAdded = (count) => {
      if (count % 15 === 0) troubles[(count / 15) % troubles.length]?.()
    }
    const outcomes = await ask('callAll', 1, 240, 4, true)
    numbers.onAdded = () => {}
    t.same(outcomes, Object.fromEntries(range(240).map((number) => [number, `added ${number}`])))
    t.same(
      [...numbers.added].sort((one, other) => one - other),
      range(240),
    )
    t.equal(await ask('pending'), 0)

    t.ok(websockets.length > 1, `${websockets.length} WebSockets, one after the other`)
    t.equal(websockets.filter((websocket) => !websocket.isClosed()).length, 1)
    t.ok((await ask('gaps')).length > 0, 'gaps are reported')
    const heard = Object.values(await ask('heard'))
    t.same(new Set(heard), new Set([1]), 'no listener hears an emit twice')
    await ask('callAll', 241, 241, 1, false)
    t.match(await ask('heard'), onceEach([241]), 'the listeners are still there')
    t.same(complaints, [])
  },
)

t.test('with recovery, the listeners hear every emit once, although the connection is lost', async (t) => {
  const { ask, proxy, numbers, websockets, complaints } = await open(t, { connectionStateRecovery: {} })
  await ask('join', 1)
  const troubles = [proxy.cut, () => proxy.delay(30), proxy.cut, () => proxy.delay(0)]
  numbers.onAdded = (count) => {
    if (count % 15 === 0) troubles[(count / 15) % troubles.length]?.()
  }
  await ask('callAll', 1, 150, 4, true)
  t.ok(websockets.length > 3, `${websockets.length} WebSockets`)
  t.same(await ask('gaps'), [])
  t.same(await ask('heard'), onceEach(range(150)))
  t.same(complaints, [])
})

t.test('a call that is not retried is sent once: it is answered, or fails with its connection', async (t) => {
  const { ask, proxy, numbers, complaints } = await open(t)
  await ask('join', 1)
  numbers.onAdded = (count) => {
    if (count % 10 === 0) proxy.cut()
  }
  const outcomes = Object.entries(await ask('callAll', 1, 100, 3, false))
  const failed = outcomes.filter(([number, outcome]) => outcome !== `added ${number}`)
  t.same(new Set(failed.map(([, outcome]) => outcome)), new Set(['NSP_CLIENT_OFFLINE']))
  t.ok(failed.length >= 10, `${failed.length} have failed`)
  t.equal(new Set(numbers.added).size, numbers.added.length, 'none was handled twice')
  t.same(complaints, [])
})

t.test('a stream goes on where its connection was lost: every item arrives, once and in order', async (t) => {
  const { ask, proxy, numbers, websockets, complaints } = await open(t, IMPATIENT)
  await ask('join', 1)
  const troubles = [proxy.cut, () => proxy.delay(30), proxy.stall, () => proxy.delay(0)]
  let next = 100
  // A resumed stream begins with numbers that it has yielded before.
  numbers.onStreamed = (number) => {
    if (number < next) return
    troubles[(next / 100) % troubles.length]?.()
    next += 100
  }
  t.same(await ask('count', 1_000), { items: range(1_000), result: 'counted' })
  t.ok(websockets.length > 3, `${websockets.length} WebSockets`)
  t.same(complaints, [])
})
