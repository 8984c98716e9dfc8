import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions, Page, WebSocket } from 'playwright-core'
import t, { type Test } from 'tap'
import { build } from 'vite'
import { buildServer } from '../../examples/typed-client/server/server.js'
import { findings } from './axe-findings.js'
import { createProfile, launchChromium } from './chromium.js'
import { openProxy } from './proxy.js'

t.setTimeout(300_000)

/*
 * examples/typed-client in a browser, behind a proxy.
 */

const frontEnd = t.testdir()

let browser: Browser
t.before(async () => {
  const root = fileURLToPath(new URL('../../examples/typed-client', import.meta.url))
  await build({ root, logLevel: 'error', build: { outDir: frontEnd, emptyOutDir: true } })
  browser = await launchChromium()
})
t.teardown(() => browser?.close())

/** Starts the server behind a proxy. */
async function serve(t: Test) {
  const app: FastifyInstance = await buildServer(frontEnd)
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return openProxy(t, (app.server.address() as AddressInfo).port)
}

/** Opens the page in its own profile, and collects its errors. */
async function open(t: Test, port: number, options: BrowserContextOptions = {}) {
  const context = await createProfile(t, browser, options)
  const page = await context.newPage()
  const complaints: string[] = []
  const websockets: WebSocket[] = []
  // While it upgrades, socket.io-client notices a lost connection only by its pings.
  const upgraded = new Promise<void>((resolve) => {
    page.on('websocket', (websocket) => {
      websockets.push(websocket)
      websocket.on('framesent', ({ payload }) => {
        if (payload === '5') resolve()
      })
    })
  })
  page.on('pageerror', ({ message }) => complaints.push(message))
  await page.goto(`http://127.0.0.1:${port}/`)
  await sees(page, 'Joined', 2)
  await upgraded
  return { page, complaints, websockets }
}

/** Waits until so many namespaces of the page have this state. */
async function sees(page: Page, text: string, count: number): Promise<void> {
  await page
    .locator('.status')
    .filter({ hasText: text })
    .nth(count - 1)
    .waitFor()
}

async function write(page: Page, name: string, text: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.keyboard.press('Enter')
}

const message = (page: Page, text: string) =>
  page.getByRole('log', { name: /^Messages/ }).getByText(text, { exact: true })

t.test('a message is shown to everyone in its room, and to those who come later', async (t) => {
  const { port } = await serve(t)
  const { page: ada, complaints, websockets } = await open(t, port)
  const { page: bob } = await open(t, port)
  await write(ada, 'Ada', 'The roses are out.')
  for (const page of [ada, bob]) await message(page, 'The roses are out.').waitFor()
  t.equal(await ada.getByLabel('Message', { exact: true }).inputValue(), '')

  await bob.getByLabel('attic').check()
  await bob.getByText('Nobody has written yet.').waitFor()
  await bob.getByLabel('garden').check()
  await message(bob, 'The roses are out.').waitFor()
  t.equal(websockets.length, 1)
  t.same(complaints, [])
})

t.test('a name that somebody else has is refused, with another one that is free', async (t) => {
  const { port } = await serve(t)
  const { page: ada } = await open(t, port)
  const { page: other } = await open(t, port)
  await ada.getByLabel('kitchen').check()
  await other.getByLabel('kitchen').check()
  await write(ada, 'Ada', 'Tea?')
  await message(other, 'Tea?').waitFor()
  await write(other, 'Ada', 'Yes, please.')
  await other.getByRole('alert').getByText('Somebody else here has this name.').waitFor()
  t.equal(
    await other.getByLabel('Message', { exact: true }).inputValue(),
    'Yes, please.',
    'nothing has to be written again',
  )
  await other.getByRole('button', { name: 'Be Ada 2' }).click()
  await other.getByRole('button', { name: 'Send' }).click()
  await message(ada, 'Yes, please.').waitFor()
  t.equal(await other.getByRole('alert').count(), 0)
})

t.test('a message that is written without a connection waits, and is sent once', async (t) => {
  const proxy = await serve(t)
  const { page: ada, complaints } = await open(t, proxy.port)
  proxy.goDown()
  await sees(ada, 'Connection lost', 2)
  await write(ada, 'Ada', 'Can you hear me?')
  await ada.getByText('1 waiting to be sent').waitFor()
  const asked = ada.waitForEvent('dialog')
  await ada.close({ runBeforeUnload: true })
  const dialog = await asked
  t.equal(dialog.type(), 'beforeunload', 'the browser asks before the page is closed')
  await dialog.dismiss()
  proxy.comeUp()
  await message(ada, 'Can you hear me?').waitFor()
  await sees(ada, 'Joined', 2)
  await ada.getByText('1 waiting to be sent').waitFor({ state: 'detached' })
  t.equal(await message(ada, 'Can you hear me?').count(), 1)
  t.same(complaints, [])
})

t.test('the log goes on after a lost connection, without a gap and without a line twice', async (t) => {
  const proxy = await serve(t)
  const { page, complaints } = await open(t, proxy.port)
  const lines = page.getByRole('log', { name: 'Lines of the log' }).getByRole('listitem')
  const last = () => lines.last().evaluate((line) => (line as unknown as { value: number }).value)
  await lines.filter({ hasText: 'memory' }).first().waitFor()
  const before = await last()
  proxy.cut()
  await sees(page, 'Joined', 2)
  await page.waitForFunction(`[...document.querySelectorAll('.lines li')].at(-1)?.value > ${before}`)
  const numbers = await lines.evaluateAll((all) => all.map((line) => (line as unknown as { value: number }).value))
  const [first = 0] = numbers
  t.same(
    numbers,
    numbers.map((_, index) => first + index),
  )
  t.same(complaints, [])
})

t.test('the log shows a level and above, stops, and starts again', async (t) => {
  const { port } = await serve(t)
  const { page } = await open(t, port)
  const lines = page.getByRole('log', { name: 'Lines of the log' }).getByRole('listitem')
  await lines.filter({ hasText: 'debug' }).first().waitFor()
  await page.getByLabel('info').check()
  await lines.filter({ hasText: 'info' }).first().waitFor()
  t.equal(await lines.filter({ hasText: 'debug' }).count(), 0)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('button', { name: 'Start again' }).click()
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  await lines.filter({ hasText: 'info' }).first().waitFor()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    t.test(`axe finds nothing, ${colorScheme} at ${width} px: joined, refused, and without a connection`, async (t) => {
      const proxy = await serve(t)
      const { page: other } = await open(t, proxy.port)
      const { page } = await open(t, proxy.port, { colorScheme, viewport: { width, height: 900 } })
      const name = `Ada ${colorScheme} ${width}`
      await write(other, name, `Good morning from ${name}!`)
      await message(page, `Good morning from ${name}!`).waitFor()
      t.strictSame(await findings(page), [], 'joined')
      await write(page, name, 'Good morning!')
      await page.getByRole('alert').waitFor()
      t.strictSame(await findings(page), [], 'refused')
      proxy.goDown()
      await sees(page, 'Connection lost', 2)
      t.strictSame(await findings(page), [], 'without a connection')
      const [content, shown] = await page.evaluate<[number, number]>('[document.body.scrollWidth, innerWidth]')
      t.ok(content <= shown, 'nothing is cut off')
    })
  }
}
