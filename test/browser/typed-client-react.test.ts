import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespaces } from '../../plugin/index.js'
import { openBundledPage } from './bundled-page.js'
import { launchChromium } from './chromium.js'
import type { ReactPage } from './pages/react-page.js'

t.setTimeout(300_000)

/*
 * The hooks in a browser, with the React that is installed, in StrictMode.
 */

let browser: Browser
t.before(async () => {
  browser = await launchChromium()
})
t.teardown(() => browser?.close())

const definitions = defineNamespaces({
  '/rooms/:room': {
    emits: { tick: { payload: Type.String() } },
    events: { 'number:add': { payload: Type.Integer(), reply: Type.String(), handler: (number) => `added ${number}` } },
    onConnect: ({ emit, socket, params }) => {
      emit('tick', 'welcome')
      // Room 0 loses its connections: its state changes again and again.
      if (params.room === '0') setTimeout(() => socket.conn.close(), 20)
    },
  },
})

async function open(t: Test) {
  const page = await openBundledPage<ReactPage>(t, browser, 'react-page', { namespaces: definitions })
  /** Waits until the page shows a text. */
  const sees = (text: string) => page.tab.getByText(text, { exact: true }).waitFor()
  return { ...page, sees }
}

t.test('a component that is mounted, changed and unmounted joins and leaves over one WebSocket', async (t) => {
  const { ask, sees, app, tab, websockets, complaints } = await open(t)
  await ask('mount', 'Rooms')
  for (const room of [1, 2, 1, 3]) {
    await ask('show', room)
    await sees(`${room}: joined`)
    t.equal(app.io.of(`/rooms/${room}`).sockets.size, 1)
  }
  await tab.getByRole('button', { name: 'Add' }).click()
  await sees('3: joined added 3')
  t.same(
    await ask('heard'),
    ['1', '2', '1', '3'].map((room) => `/rooms/${room} welcome`),
    'the first emit is heard, once',
  )

  await ask('show')
  await ask('show', 3)
  await sees('3: joined')
  await ask('unmount')
  t.equal(websockets.length, 1)
  t.same(complaints, [])
})

t.test('a component shows a lost connection, and its listener hears every emit once after it', async (t) => {
  const { ask, sees, app, tab, proxy, complaints } = await open(t)
  await ask('mount', 'Rooms')
  await ask('show', 1)
  await sees('1: joined')
  proxy.goDown()
  await sees('1: recovering')
  proxy.comeUp()
  await sees('1: joined')
  app.io.of('/rooms/1').emit('tick', 'hello')
  await tab.waitForFunction(`page.heard().includes('/rooms/1 hello')`)
  t.same(await ask('heard'), ['/rooms/1 welcome', '/rooms/1 welcome', '/rooms/1 hello'])
  t.same(complaints, [])
})

t.test('components that are rendered while the state changes all show the same state', async (t) => {
  const { ask, complaints } = await open(t)
  await ask('mount', 'Wall')
  const { torn, changes } = await ask('renderUntilChanged', 10)
  t.same(torn, [])
  t.ok(changes >= 10, `${changes} changes`)
  t.same(complaints, [])
})
