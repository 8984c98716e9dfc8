import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { defineNamespace } from '../../plugin/index.js'
import { openConsole, serveConsole } from './console-harness.js'
import { createShop } from './console-shop.js'

t.setTimeout(300_000)

/** Opens the console of the shop. With further listeners on /plain, which has no definition. */
async function openShop(t: Test, options: Parameters<typeof openConsole>[2] = {}) {
  const { options: namespaces, record, hostile } = createShop()
  const { url } = await serveConsole(t, namespaces, (app) => {
    app.io.of('/plain').on('connection', (socket) => {
      socket.on('sum', (...args) => {
        record.plain.push(args.slice(0, -1))
        args.at(-1)('summed', args.length - 1)
      })
    })
  })
  return { ...(await openConsole(t, url, options)), record, hostile }
}

/** Selects an entry of the tree. */
const select = (page: Page, name: string | RegExp) => page.getByRole('navigation').getByRole('button', { name }).click()
const press = (page: Page, name: string) => page.getByRole('main').getByRole('button', { name, exact: true }).click()
/** The editor of the payload. */
const editor = (page: Page) => page.getByRole('textbox', { name: 'Payload' })
/** The items of a stream. */
const items = (page: Page) => page.getByRole('list', { name: 'Items' })
/** The newest result. */
const newest = (page: Page) => page.locator('nsp-results details').first()

/** Replaces the text of the payload. */
async function write(page: Page, text: string): Promise<void> {
  await editor(page).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

t.test('a newcomer has the first ack after a click and Ctrl-Enter', async (t) => {
  const { page, complaints } = await openShop(t)
  await select(page, /order:place/) // 1: a click
  await editor(page).getByText('lemon').waitFor()
  await page.keyboard.press('Control+Enter') // 2: a key, with its modifier
  await newest(page).getByText('✓ ok').waitFor()
  t.match(await newest(page).textContent(), '"cake": "lemon"')
  t.strictSame(complaints, [])
})

t.test('an invalid payload is listed by field, underlined, and mended', async (t) => {
  const { page, complaints } = await openShop(t)
  await select(page, /order:place/)
  await editor(page).getByText('lemon').waitFor()
  await write(page, '{ "cake": "x", "count": 99 }')
  const problems = page.getByRole('group', { name: 'Problems' })
  await problems.getByText('/count').waitFor()
  t.match(await problems.textContent(), '/cake')
  t.equal(await problems.getByRole('listitem').count(), 2)
  await press(page, 'Send')
  await newest(page).getByText('FST_NSP_EVENT_INVALID').first().waitFor()
  await page.locator('.cm-wrong').first().waitFor()
  await page.locator('[aria-label="Problems"]:focus').waitFor()
  t.equal(await problems.getByRole('listitem').count(), 2, 'what the page and the server have found is one problem')
  t.equal(await page.locator('.cm-wrong').count(), 2)
  await write(page, '{ "cake": "nut", "count": 1 }')
  await problems.getByText('/count').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+Enter')
  await newest(page).getByText('✓ ok').waitFor()
  t.strictSame(complaints, [])
})

t.test('a refused join is no problem of the payload, and leads to the auth', async (t) => {
  const payload = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } }
  const auth = { type: 'object', required: ['token'], properties: { token: { type: 'string' } } }
  const staff = defineNamespace({
    schema: { auth },
    emits: { left: {} },
    events: { greet: { payload, examples: [{ name: 'Ada' }], handler: () => {} } },
  })
  const { url } = await serveConsole(t, { namespaces: { '/staff': staff } })
  const { page, complaints } = await openConsole(t, url)
  const said = page.getByRole('main').getByText('Joining /staff was refused: FST_NSP_CONNECT_INVALID')
  await select(page, /greet/)
  await editor(page).getByText('Ada').waitFor()
  await press(page, 'Send')
  await newest(page).getByText('Joining /staff was refused: FST_NSP_CONNECT_INVALID').waitFor()
  await newest(page).getByText('/auth', { exact: true }).waitFor()
  await newest(page).getByText('not sent').waitFor()
  t.equal(await page.getByRole('group', { name: 'Problems' }).getByRole('listitem').count(), 0)
  t.equal(await page.locator('.cm-wrong, [aria-invalid="true"]').count(), 0)
  await select(page, /left/)
  await press(page, 'Join /staff')
  await said.waitFor()
  await press(page, 'Edit auth of /staff')
  await page.getByRole('textbox', { name: 'auth for /staff' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('a declared error has its details, and what the contract says of it', async (t) => {
  const { page } = await openShop(t)
  await select(page, /order:place/)
  await editor(page).getByText('lemon').waitFor()
  await write(page, '{ "cake": "nut", "count": 12 }')
  await press(page, 'Send')
  await newest(page).getByText('SOLD_OUT').first().waitFor()
  t.match(await newest(page).textContent(), /"left": 10/)
  t.match(await newest(page).textContent(), /The oven has fewer/)
})

t.test('the form and the JSON are the same value', async (t) => {
  const { page, complaints } = await openShop(t)
  await select(page, /order:place/)
  await editor(page).getByText('lemon').waitFor()
  await write(page, '{ "cake": "{{cake}}", "count": 3, "more": [1] }')
  await press(page, 'Form')
  t.equal(await page.getByLabel('cake').inputValue(), '{{cake}}')
  await page.getByLabel('cake').fill('apple')
  await page.getByLabel('size').selectOption('"large"')
  await press(page, 'JSON')
  await editor(page).getByText('apple').waitFor()
  const text = ((await editor(page).textContent()) ?? '').replace(/\s+/g, ' ')
  t.match(text, '"cake": "apple"')
  t.match(text, '"size": "large"')
  t.match(text, '"more": [1]')
  await press(page, 'Sample')
  await editor(page).getByText('nut').waitFor()
  t.strictSame(complaints, [])
})

t.test('a variable without a value is told before anything is sent', async (t) => {
  const { page } = await openShop(t)
  await select(page, /order:place/)
  await editor(page).getByText('lemon').waitFor()
  await write(page, '{ "cake": "{{cake}}", "count": {{count}} }')
  await press(page, 'Send')
  await page.getByText('no value for {{cake}}, {{count}}').waitFor()
  t.ok(await page.getByRole('button', { name: 'Set the variables' }).isVisible())
  t.equal(await page.locator('nsp-results details').count(), 0)
})

t.test('an event that is sent several times has a summary, and can be stopped', async (t) => {
  const { page } = await openShop(t)
  await select(page, /order:place/)
  await editor(page).getByText('lemon').waitFor()
  await page.getByLabel('send times').fill('3')
  await page.getByLabel('send times').press('Tab')
  await page.getByLabel('every ms').fill('1')
  await press(page, 'Send')
  await page.getByText('3 ok').waitFor()
  await page.getByLabel('every ms').fill('60000')
  await press(page, 'Send')
  await press(page, 'Stop')
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' })
})

t.test('the items of a stream are shown as they come, and a cancel stops the generator', async (t) => {
  const { page, record, complaints } = await openShop(t)
  await select(page, /oven:watch/)
  await editor(page).getByText('from').waitFor()
  await press(page, 'Open the stream')
  await items(page).getByText('{"tick":40}', { exact: true }).waitFor()
  await press(page, 'Cancel')
  await page.getByText('Cancelled after').waitFor()
  await until(() => record.isStopped)
  await press(page, 'Open the stream')
  await items(page).getByText('{"tick":9}', { exact: true }).waitFor()
  t.equal(await page.getByRole('button', { name: 'Open anew', exact: true }).count(), 1)
  t.equal(await page.getByRole('button', { name: 'Open the stream', exact: true }).count(), 0)
  await select(page, /order:place/) // who leaves the view cancels, too
  await until(() => record.isStopped)
  t.strictSame(complaints, [])
})

t.test('with credits by hand, the generator goes no further than asked', async (t) => {
  const { page, record } = await openShop(t)
  await select(page, /oven:watch/)
  await editor(page).getByText('from').waitFor()
  await page.getByLabel('ask for items by hand').check()
  t.equal(await page.getByLabel('items at the start').inputValue(), '1')
  await page.getByLabel('items at the start').fill('2')
  await press(page, 'Open the stream')
  await items(page).getByText('{"tick":2}', { exact: true }).waitFor()
  const before = record.ticks
  t.ok(before <= 3, `${before} ticks`)
  await page.getByLabel('How many more').fill('3')
  await page.getByLabel('How many more').press('Tab')
  await press(page, 'Ask for 3 more')
  await items(page).getByText('{"tick":5}', { exact: true }).waitFor()
  t.ok(record.ticks <= before + 3, `${record.ticks} ticks`)
  t.equal(await items(page).getByText('{"tick":6}', { exact: true }).count(), 0)
  await press(page, 'Cancel')
})

t.test('a chosen file arrives as its bytes, and one that is too large is not sent', async (t) => {
  const { page, record } = await openShop(t)
  await select(page, /photo:add/)
  await editor(page).getByText('cake').waitFor()
  const input = page.getByLabel('Bytes of /image')
  await input.setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(1_001) })
  await page.getByText('large.png has 1001 B: at most 1000 B are accepted').waitFor()
  await input.setInputFiles({ name: 'cat.png', mimeType: 'image/png', buffer: Buffer.from([0, 1, 254, 255]) })
  await editor(page).getByText('cat.png (4 B)').waitFor()
  await press(page, 'Send')
  await newest(page).getByText('✓ ok').waitFor()
  t.strictSame(
    record.bytes.map((bytes) => [...bytes]),
    [[0, 1, 254, 255]],
  )
})

t.test('the parameters of a dynamic name are asked for beside the button', async (t) => {
  const { page } = await openShop(t)
  await select(page, /org:name/)
  await press(page, 'Send')
  await page.getByText('Fill in orgId').first().waitFor()
  await page.getByRole('textbox', { name: ':orgId' }).fill('42')
  await press(page, 'Send')
  await newest(page).getByText('organisation 42').waitFor()
})

t.test('an emit shows how often it was heard, and the page answers one that asks', async (t) => {
  const { page, record } = await openShop(t)
  await select(page, /shop:question/)
  await press(page, 'Join /shop')
  await page.getByRole('textbox', { name: 'Answer' }).getByText('yes').waitFor()
  await press(page, 'Answer with this')
  await select(page, /order:ask/)
  await press(page, 'Send')
  await newest(page).getByText('✓ ok').waitFor()
  t.match(record.answers, [{ yes: Boolean }])
  await select(page, /shop:question/)
  await page.getByText('Heard 1 time').waitFor()
})

t.test('an address without a definition takes any event with several arguments', async (t) => {
  const { page, record } = await openShop(t)
  await page.getByLabel('Another address').fill('/plain')
  await page.getByLabel('Another address').press('Enter')
  await page.getByLabel('Event', { exact: true }).fill('sum')
  await page.getByRole('textbox', { name: 'Arguments' }).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('[1, {"a": 2}, "b"]')
  await page.keyboard.press('Control+Enter')
  await newest(page).getByText('summed').waitFor()
  t.strictSame(record.plain, [[1, { a: 2 }, 'b']])
})

t.test('names and descriptions of a server are text', async (t) => {
  const { page, complaints } = await openShop(t)
  await select(page, /event <img/)
  await page.getByRole('heading', { level: 2, name: /<script>.*\\u202egnp/ }).waitFor()
  await page.getByText('Payload schema').click()
  await page.getByRole('cell', { name: /<img/ }).first().waitFor()
  await press(page, 'Send')
  await newest(page).waitFor()
  t.equal(await page.evaluate('window.__pwned'), undefined)
  t.equal(await page.locator('main img:not(.cm-widgetBuffer), main script').count(), 0)
  t.strictSame(complaints, [])
})

t.test('the search finds events, counts them, and opens the first', async (t) => {
  const { page } = await openShop(t)
  const search = page.getByRole('searchbox', { name: 'Search' })
  await search.fill('temperature')
  await page.getByText('1 found in 1 namespace').waitFor()
  await search.press('Enter')
  await page.getByRole('heading', { level: 2, name: /oven:watch/ }).waitFor()
})

/** Waits for a state of the server. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

t.test(
  'what an event was given is not for the next one: its repetitions, what waits for a join, what an undo brings back',
  async (t) => {
    const { page, complaints } = await openShop(t)
    await select(page, 'Connection')
    await press(page, 'Block the network')
    await select(page, /order:place/)
    await editor(page).getByText('lemon').waitFor()
    const times = page.getByRole('spinbutton', { name: 'send times' })
    await times.fill('1000')
    await press(page, 'Send')
    await press(page, 'Stop')
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor()
    await press(page, 'Send')
    await page.getByText('Joining …').waitFor()
    await select(page, /oven:watch/)
    await page.getByRole('button', { name: 'Open the stream' }).waitFor()
    await select(page, /order:ask/)
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor()
    t.equal(await times.inputValue(), '1')
    await editor(page).click()
    await page.keyboard.press('Control+z')
    t.notMatch(await editor(page).textContent(), 'lemon')
    await select(page, 'Connection')
    await page.getByRole('button', { name: /^Unblock/ }).click()
    await page.getByRole('main').getByText('connected', { exact: true }).waitFor()
    await page.getByRole('option', { name: /joined/ }).waitFor()
    t.equal(await page.getByRole('option', { name: /out .*order:place/ }).count(), 0, 'what was left is not sent')
    t.strictSame(complaints, [])
  },
)

t.test('a refused join is no problem of the payload', async (t) => {
  const { page, complaints } = await openShop(t)
  await page.evaluate('location.hash = "#/event?ns=/orgs/:orgId&ev=org:name&p.orgId=none"')
  await press(page, 'Send')
  await newest(page).getByText('/params/orgId').waitFor()
  await newest(page).getByText('Joining /orgs/:orgId was refused').waitFor()
  t.equal(await page.getByRole('group', { name: 'Problems' }).getByText('/params').count(), 0)
  t.strictSame(complaints, [])
})

t.test('when one identity is closed, the other one keeps what it shows', async (t) => {
  const { page, complaints } = await openShop(t)
  await select(page, /order:place/)
  await page.getByRole('button', { name: '2nd identity' }).click()
  await page.getByRole('button', { name: 'Send', exact: true }).nth(1).click()
  await newest(page).getByText('✓ ok').waitFor()
  await page.evaluate(`(() => {
    const { workspace } = document.querySelector('nsp-app')
    workspace.removeSession(workspace.sessions.getSnapshot()[0])
  })()`)
  await page.waitForFunction(`document.querySelector('nsp-app').workspace.sessions.getSnapshot().length === 1`)
  t.equal(await newest(page).getByText('✓ ok').count(), 1)
  t.strictSame(complaints, [])
})

t.test('a stream tells a screen reader its end, and its connection can be dropped from the palette', async (t) => {
  const { page, complaints } = await openShop(t)
  await select(page, /oven:watch/)
  await editor(page).getByText('from').waitFor()
  await press(page, 'Open the stream')
  const status = page.locator('nsp-stream [role=status]')
  await page.locator('nsp-stream [role=status][aria-busy=true]', { hasText: 'a second' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Go to' }).fill('drop')
  await page.keyboard.press('Enter')
  await status.getByText('NSP_CLIENT_OFFLINE').waitFor()
  t.equal(await status.getAttribute('aria-busy'), 'false')
  t.strictSame(complaints, [])
})
