import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { defineNamespace } from '../../plugin/index.js'
import { until } from '../plugin/harness.js'
import { findings } from './axe-findings.js'
import { openConsole, serveConsole } from './console-harness.js'

t.setTimeout(300_000)

const COUNT = 100
const room = defineNamespace({ summary: 'A room', events: { greet: { handler: () => {} } } })
const guarded = defineNamespace({
  schema: {
    auth: { type: 'object', required: ['token'], properties: { token: { type: 'string', minLength: 8 } } },
    params: { type: 'object', properties: { id: { type: 'integer' } } },
  },
  events: { greet: { summary: 'Says hello', handler: () => {} } },
})
const OPTIONS = { namespaces: { '/rooms/:id': room, '/guarded/:id': guarded }, io: { connectionStateRecovery: {} } }

/** Opens the console, and waits until it shows its parts. */
async function openPage(t: Test, url: string, colorScheme: 'light' | 'dark' = 'light') {
  const opened = await openConsole(t, url, { colorScheme })
  await opened.page.locator('nsp-start').waitFor()
  return opened
}

/** Runs a function with the page's first session, as the views do. */
function withSession(page: Page, body: string): Promise<unknown> {
  return page.evaluate(
    `(async (session) => { ${body} })(document.querySelector('nsp-app').workspace.sessions.getSnapshot()[0])`,
  )
}

function show(page: Page, selection: object): Promise<unknown> {
  return page.evaluate(`document.querySelector('nsp-app').workspace.selection.set(${JSON.stringify(selection)})`)
}

/** How many WebSockets the page says are open, and were ever. */
async function countsOf(page: Page): Promise<unknown[]> {
  const fact = (title: string) =>
    page.locator('nsp-connection dl > div', { hasText: title }).locator('dd').textContent()
  return [Number(await fact('WebSockets open')), Number(await fact('WebSockets ever'))]
}

t.test(
  '100 namespaces are joined, left, joined again, dropped and recovered over one WebSocket at a time',
  async (t) => {
    const { app, url } = await serveConsole(t, OPTIONS)
    const { page, websockets, complaints } = await openPage(t, url)
    const open = () => websockets.filter((socket) => !socket.isClosed()).length
    const badges = page.locator('nsp-lanes .badge.good')
    const joinAll = `await Promise.all(Array.from({ length: ${COUNT} }, (_, id) => session.join('/rooms/:id', { id })))`
    await show(page, { view: 'connection' })

    await withSession(page, joinAll)
    await until(() => open() === 1)
    await withSession(page, `for (const { address } of session.lanes.getSnapshot()) session.leave(address)`)
    await page.waitForFunction(
      `document.querySelector('nsp-app').workspace.sessions.getSnapshot()[0].lanes.getSnapshot().every(({ state }) => state.status === 'left')`,
    )
    await withSession(page, joinAll)
    await page.locator('nsp-connection dd', { hasText: 'websocket' }).waitFor()
    t.equal(await badges.count(), COUNT)
    t.strictSame(await countsOf(page), [1, 1])
    t.equal(websockets.length, 1)
    t.equal(app.io.engine.clientsCount, 1)

    await page.getByRole('button', { name: 'Drop the connection' }).click()
    await page
      .locator('nsp-lanes .hint', { hasText: 'recovered: nothing was missed' })
      .nth(COUNT - 1)
      .waitFor()
    await page.locator('nsp-connection dd', { hasText: 'websocket' }).waitFor()
    t.strictSame(await countsOf(page), [1, 2])
    t.equal(websockets.length, 2)
    t.equal(open(), 1)
    t.equal(app.io.engine.clientsCount, 1)
    t.strictSame(complaints, [])
  },
)

t.test('a blocked network comes back when it is unblocked, by keyboard', async (t) => {
  const { app, url } = await serveConsole(t, OPTIONS)
  const { page, complaints } = await openPage(t, url)
  await show(page, { view: 'connection' })
  await withSession(page, `await session.join('/rooms/:id', { id: 1 })`)
  await page.getByRole('spinbutton', { name: 'Seconds to block' }).fill('600')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^Unblock \(\d+ s\)$/ }).waitFor()
  await page.getByRole('status').getByText('blocked').waitFor()
  await until(() => app.io.engine.clientsCount === 0)
  await page.keyboard.press('Enter')
  await page.getByText('/rooms/1, joined, recovered: nothing was missed').waitFor()
  t.equal(app.io.engine.clientsCount, 1)
  t.strictSame(complaints, [])
})

t.test('a refused join is explained by field, corrected and joined', async (t) => {
  const { url } = await serveConsole(t, OPTIONS)
  const { page, complaints } = await openPage(t, url)
  await show(page, { view: 'namespace', name: '/guarded/:id' })
  const form = page.locator('nsp-namespace')
  const join = form.getByRole('button', { name: 'Join', exact: true })
  await join.waitFor()
  await form.getByRole('textbox', { name: ':id', exact: true }).fill('7')
  await join.click()
  await form.getByText('FST_NSP_CONNECT_INVALID').waitFor()
  await form.locator('.problems', { hasText: 'token' }).waitFor()
  await page.getByRole('textbox', { name: 'auth for /guarded/:id' }).fill('{ "token": "long enough" }')
  await join.click()
  await form.locator('nsp-lanes .badge.good').waitFor()
  await form.getByRole('button', { name: 'Leave /guarded/7' }).click()
  await form.locator('nsp-lanes .badge', { hasText: 'left' }).waitFor()
  await form.getByRole('button', { name: /^greet/ }).click()
  await page.locator('nsp-event').waitFor()
  t.strictSame(complaints, [])
})

t.test('axe finds nothing in the connection and in a namespace, at two widths and in two themes', async (t) => {
  const { url } = await serveConsole(t, OPTIONS)
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openPage(t, url, colorScheme)
    await withSession(
      page,
      `await session.join('/rooms/:id', { id: 1 }); await session.join('/guarded/:id', { id: 1 }).catch(() => {})`,
    )
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 })
      for (const selection of [{ view: 'connection' }, { view: 'namespace', name: '/guarded/:id' }]) {
        await show(page, selection)
        await page.locator(`nsp-${selection.view}`).getByText('FST_NSP_CONNECT_INVALID').waitFor()
        t.strictSame(await findings(page), [], `${selection.view}, ${colorScheme}, ${width} px`)
      }
    }
    await page.close()
  }
})
