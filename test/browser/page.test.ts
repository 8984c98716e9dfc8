import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildServer } from '../../server.js'
import { findings } from './axe-findings.js'
import { launchChromium } from './chromium.js'
import { createWatchedPage } from './watched-page.js'

t.setTimeout(300_000)

const NAMES = ['/', '/my-namespace', '/chat', '/clock']

let browser: Browser
t.before(async () => {
  browser = await launchChromium()
})
t.teardown(() => browser?.close())

/** Starts the server on the loopback address, and counts its requests. Closed with the test. */
async function listen(t: Test, port = 0) {
  const app = await buildServer()
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port })
  const seen = { connections: 0, upgrades: 0 }
  app.io.engine.on('connection', () => {
    seen.connections += 1
  })
  app.server.on('upgrade', (_raw: IncomingMessage) => {
    seen.upgrades += 1
  })
  return { app, seen, port: (app.server.address() as AddressInfo).port }
}

/** Opens the page in its own profile, and collects the browser's errors. */
async function open(t: Test, port: number, width = 1280, more: BrowserContextOptions = {}) {
  const { page, complaints, websockets } = await createWatchedPage(t, browser, {
    viewport: { width, height: 900 },
    ...more,
  })
  await page.goto(`http://127.0.0.1:${port}/`)
  await seesState(page, '/my-namespace', 'joined')
  return { page, complaints, websockets }
}

/** Waits until the element has a text that matches. */
async function sees(page: Page, id: string, text: RegExp): Promise<void> {
  await page.locator(`#${id}`).filter({ hasText: text }).waitFor()
}

/** Waits until the card of a namespace is in this state. */
async function seesState(page: Page, name: string, state: string): Promise<void> {
  await page.locator(`[data-namespace="${name}"][data-state="${state}"]`).waitFor()
}

async function join(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Join ${name}`, exact: true }).click()
  await seesState(page, name, 'joined')
}

async function leave(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Leave ${name}`, exact: true }).click()
  await seesState(page, name, 'left')
}

async function enterRoom(page: Page, name: string, room: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Room').fill(room)
  await page.getByRole('button', { name: 'Enter' }).click()
}

t.test('the page joins /my-namespace and shows its message', async (t) => {
  const { port } = await listen(t)
  const { page, complaints } = await open(t, port)
  await sees(page, 'greeting', /^Hello everyone!$/)
  await sees(page, 'connection-state', /^Connected$/)
  await sees(page, 'transport', /^polling → websocket$/)
  await sees(page, 'shared-by', /^1 namespace$/)
  await sees(page, 'round-trip', /^\d+\.\d ms$/)
  t.same(complaints, [])
})

t.test('four namespaces are joined, left and joined again over a single WebSocket', async (t) => {
  const { app, seen, port } = await listen(t)
  const { page, complaints, websockets } = await open(t, port)
  for (const name of NAMES.filter((name) => name !== '/my-namespace')) await join(page, name)
  await sees(page, 'transport', /websocket$/)
  await sees(page, 'shared-by', /^4 namespaces$/)
  await sees(page, 'round-trip-note', /^an ack in \/$/)

  for (const name of NAMES) await leave(page, name)
  await sees(page, 'shared-by', /^nobody$/)
  await sees(page, 'connection-state', /^Connected$/)
  for (const name of NAMES) await join(page, name)
  await sees(page, 'shared-names', /^\/, \/my-namespace, \/chat, \/clock$/)

  await sees(page, 'websockets-open', /^1$/)
  await sees(page, 'websockets-ever', /^1$/)
  t.equal(websockets.length, 1, 'the browser has seen one')
  t.equal(seen.upgrades, 1, 'the server has seen one upgrade')
  t.equal(seen.connections, 1, 'and one connection')
  for (const name of NAMES) t.equal(app.io.of(name).sockets.size, 1, `one socket in ${name}`)
  t.same(complaints, [])
})

t.test('the page shows the sockets, the time and the transport', async (t) => {
  const { port } = await listen(t)
  const { page, complaints } = await open(t, port)
  await sees(page, 'clock', /^--:--:--$/)
  await join(page, '/')
  await sees(page, 'presence-summary', /^The server sees 1 connection\./)
  const { page: other } = await open(t, port)
  await sees(page, 'presence-summary', /^The server sees 2 connections\./)
  await sees(page, 'greeting-note', /^Heard 2 times/)
  await join(other, '/clock')
  await sees(other, 'clock', /^\d\d:\d\d:\d\d$/)
  await leave(other, '/clock')
  await sees(other, 'clock', /^--:--:--$/)
  t.same(complaints, [])
})

t.test('a message in a room is shown to the others in it, as text', async (t) => {
  const { port } = await listen(t)
  const { page: ada, complaints } = await open(t, port)
  const { page: bob } = await open(t, port)
  for (const page of [ada, bob]) await join(page, '/chat')
  await enterRoom(ada, 'Ada', 'garden')
  await enterRoom(bob, 'Bob', 'garden')
  await sees(ada, 'room-members', /^In garden: Ada, Bob$/)
  await bob.getByRole('textbox', { name: 'Message' }).fill('<img src=x> is <b>text</b>')
  await bob.keyboard.press('Enter')
  await sees(ada, 'messages', /Bob.*<img src=x> is <b>text<\/b>/)
  await leave(bob, '/chat')
  await sees(ada, 'room-members', /^In garden: Ada$/)
  t.same(complaints, [])
})

t.test('the page reconnects by itself after a restart of the server, and shows its state meanwhile', async (t) => {
  const { app, port } = await listen(t)
  const { page } = await open(t, port)
  for (const name of ['/', '/chat', '/clock']) await join(page, name)
  await enterRoom(page, 'Ada', 'garden')
  await sees(page, 'room-members', /^In garden: Ada$/)
  await sees(page, 'transport', /websocket$/)

  await app.close()
  await sees(page, 'connection-state', /^(Connection lost|Trying again \(\d+\))$/)
  for (const name of NAMES) await seesState(page, name, 'lost')
  await sees(page, 'transport', /^none$/)
  await sees(page, 'websockets-open', /^0$/)
  await sees(page, 'shared-by', /^nobody$/)
  await sees(page, 'connection-state', /^Trying again \(\d+\)$/)

  const { app: restarted } = await listen(t, port)
  for (const name of NAMES) await seesState(page, name, 'joined')
  await sees(page, 'connection-state', /^Connected$/)
  await sees(page, 'greeting-note', /^Heard 2 times/)
  await sees(page, 'room-members', /^In garden: Ada$/)
  await sees(page, 'transport', /websocket$/)
  await sees(page, 'websockets-open', /^1$/)
  await sees(page, 'websockets-ever', /^2$/)
  for (const name of NAMES) t.equal(restarted.io.of(name).sockets.size, 1, `one socket in ${name}`)
})

t.test('with nothing joined the page disconnects, and the next join opens a connection again', async (t) => {
  const { app, port } = await listen(t)
  const { page } = await open(t, port)
  await sees(page, 'transport', /websocket$/)
  await leave(page, '/my-namespace')
  await app.close()
  await sees(page, 'connection-state', /^Not connected$/)
  await listen(t, port)
  await join(page, '/clock')
  await sees(page, 'connection-state', /^Connected$/)
  await sees(page, 'shared-names', /^\/clock$/)
})

t.test("the page's content security policy lets no injected inline script run", async (t) => {
  const { port } = await listen(t)
  const { page, complaints } = await open(t, port)
  await page.evaluate(`{
    const script = document.createElement('script')
    script.textContent = 'document.title = "taken over"'
    document.head.append(script)
  }`)
  await page.evaluate(`new Promise((done) => requestAnimationFrame(() => setTimeout(done)))`)
  t.equal(await page.title(), 'fastify-namespaces')
  t.match(complaints.join(), 'violated: script-src-elem', 'and complaints do reach these tests')
})

t.test(
  'at 360 px nothing is wider than the screen: joined, with a long message, and with the connection lost',
  async (t) => {
    const { app, port } = await listen(t)
    const { page } = await open(t, port, 360)
    const fits = async (what: string) => {
      const width = await page.evaluate('document.documentElement.scrollWidth')
      t.equal(width, 360, what)
    }
    await fits('at first')
    for (const name of ['/', '/chat', '/clock']) await join(page, name)
    await enterRoom(page, 'W'.repeat(24), 'W'.repeat(24))
    await page.getByRole('textbox', { name: 'Message' }).fill('W'.repeat(500))
    await page.keyboard.press('Enter')
    await sees(page, 'messages', /W{500}/)
    await sees(page, 'transport', /websocket$/)
    await fits('all joined, with words that do not end')
    await app.close()
    await sees(page, 'connection-state', /^Trying again/)
    await fits('with the connection lost')
  },
)

t.test('the page works by keyboard alone: Tab to a button that joins, Enter, and on to send a message', async (t) => {
  const { port } = await listen(t)
  const { page, complaints } = await open(t, port)
  const focused = () => page.evaluate<string>(`document.activeElement.textContent.trim().replace(/\\s+/g, ' ')`)
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press('Tab')
      if ((await focused()) === text) return
    }
    throw new Error(`no ${text} within 20 presses of Tab`)
  }
  await tabTo('Join /chat')
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
  t.equal(outline, 'solid', 'where the focus is can be seen')
  await page.keyboard.press('Enter')
  await seesState(page, '/chat', 'joined')
  t.equal(await focused(), 'Leave /chat', 'the focus stays')

  await tabTo('Enter')
  await page.keyboard.press('Space')
  await sees(page, 'room-members', /^In lobby: guest-\d+$/)
  await page.locator('#message-form input:focus').waitFor()
  await page.keyboard.type('no mouse')
  await page.keyboard.press('Enter')
  await sees(page, 'messages', /no mouse/)
  t.same(complaints, [])
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    t.test(
      `axe finds nothing, ${colorScheme} at ${width} px: initially, in a room, with an error, and with the connection lost`,
      async (t) => {
        const { app, port } = await listen(t)
        const { page } = await open(t, port, width, { colorScheme, reducedMotion: 'reduce' })
        t.strictSame(await findings(page), [], 'at first')
        for (const name of ['/', '/chat', '/clock']) await join(page, name)
        await enterRoom(page, 'Ada', 'garden')
        for (const text of ['Good morning', 'Is anybody here?']) {
          await page.getByRole('textbox', { name: 'Message' }).fill(text)
          await page.keyboard.press('Enter')
          await page.getByRole('log').getByText(text).waitFor()
        }
        t.equal(await page.getByRole('log').getByRole('listitem').count(), 2, 'a list in the log')
        t.strictSame(await findings(page), [], 'with messages')
        await page.getByRole('textbox', { name: 'Message' }).fill('   ')
        await page.keyboard.press('Enter')
        await sees(page, 'chat-problem', /./)
        t.strictSame(await findings(page), [], 'with a problem')
        await app.close()
        await sees(page, 'connection-state', /^Trying again/)
        t.strictSame(await findings(page), [], 'with the connection lost')
      },
    )
  }
}

t.test('the page explains a refused input in plain words: blanks, for each field', async (t) => {
  const { port } = await listen(t)
  const { page } = await open(t, port)
  await join(page, '/chat')
  await enterRoom(page, '  ', 'garden')
  await sees(page, 'chat-problem', /^Your name needs up to 24 characters, not only blanks\.$/)
  await enterRoom(page, 'Ada', '  ')
  await sees(page, 'chat-problem', /^The room needs a name of up to 24 characters, not only blanks\.$/)
  await enterRoom(page, 'Ada', 'garden')
  await sees(page, 'room-members', /^In garden: Ada$/)
  await page.getByRole('textbox', { name: 'Message' }).fill('   ')
  await page.keyboard.press('Enter')
  await sees(page, 'chat-problem', /^Nothing to send yet: write something, up to 500 characters\.$/)
  await page.getByRole('textbox', { name: 'Message' }).fill('words')
  await page.keyboard.press('Enter')
  await sees(page, 'messages', /words/)
  t.equal(await page.locator('#chat-problem').textContent(), '', 'and it goes when it is mended')
})
