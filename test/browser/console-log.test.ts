import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { findings } from './axe-findings.js'
import { openConsole, serveConsole } from './console-harness.js'

t.setTimeout(300_000)

// Not the best practices: a narrow page shows the log instead of its main part.
const WCAG = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }
const EVENTS_A_SECOND = 1000
const SECONDS = 60

/** A server with a namespace that emits whatever a test wants, and a page that has joined it. */
async function openLog(t: Test, options?: Parameters<typeof openConsole>[2]) {
  const { app, url } = await serveConsole(t, { namespaces: {} }, (app) =>
    app.io.of('/ticks').on('connection', (socket) => {
      socket.on('count', (_payload, ack) => ack({ ok: true }))
      socket.on('refuse', (ack) => ack({ ok: false, error: { code: 'NO', message: 'No' } }))
    }),
  )
  const { page, complaints } = await openConsole(t, url, options)
  await page.locator('nsp-log-rows').waitFor({ state: 'attached' })
  await page.evaluate(`${WORKSPACE}.sessions.getSnapshot()[0].join('/ticks')`)
  const emit = (event: string, ...args: readonly unknown[]) => app.io.of('/ticks').emit(event, ...args)
  const emitTicks = (count: number) => {
    for (let number = 1; number <= count; number++) emit('tick', { number, text: `tick ${number}` })
  }
  /** How many entries of an event are in the log. */
  const countOf = (event: string) =>
    page.evaluate<number>(
      `${WORKSPACE}.log.entries().filter(({ event, kind }) => event === '${event}' && kind === 'in').length`,
    )
  const log = page.locator('nsp-log')
  return {
    page,
    complaints,
    log,
    list: log.getByRole('listbox'),
    row: log.getByRole('option'),
    emit,
    emitTicks,
    countOf,
  }
}

const WORKSPACE = `document.querySelector('nsp-app').workspace`

t.test(`${EVENTS_A_SECOND} events a second for ${SECONDS} s: none is lost, and the memory stays`, async (t) => {
  const { page, complaints, emit, row, countOf } = await openLog(t)
  const debuggerOfPage = await page.context().newCDPSession(page)
  const heapBytes = async () => {
    await debuggerOfPage.send('HeapProfiler.collectGarbage')
    return (await debuggerOfPage.send('Runtime.getHeapUsage')).usedSize
  }
  const before = await heapBytes()
  await page.evaluate(`{
    globalThis.frames_ = 0
    const count = () => { globalThis.frames_++; requestAnimationFrame(count) }
    requestAnimationFrame(count)
  }`)

  const started = performance.now()
  const total = EVENTS_A_SECOND * SECONDS
  let sent = 0
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - started) * EVENTS_A_SECOND) / 1000))
      for (; sent < due; sent++) emit('tick', { number: sent, room: 'tea', text: 'a message of some words' })
      if (sent === total) resolve(clearInterval(timer))
    }, 10)
    t.teardown(() => clearInterval(timer))
  })
  const frames = await page.evaluate<number>('globalThis.frames_')
  const seconds = (performance.now() - started) / 1000
  await row.filter({ hasText: `"number":${total - 1},` }).waitFor()

  const numbers = await page.evaluate<number[]>(
    `${WORKSPACE}.log.entries().filter(({ event }) => event === 'tick').map(({ text }) => JSON.parse(text)[0].number)`,
  )
  const inOrder = numbers.every((number, index) => number === index)
  const growth = (await heapBytes()) - before
  t.comment(`${(frames / seconds).toFixed(1)} frames a second, heap +${(growth / 1e6).toFixed(1)} MB`)
  t.equal(await countOf('tick'), total)
  t.ok(inOrder, 'in their order')
  t.ok(growth < 50_000_000, 'the heap grows by less than 50 MB')
  t.ok((await row.count()) < 100, 'only the rows that can be seen are in the page')
  t.strictSame(complaints, [])
})

t.test('it follows its end, until the reader scrolls up; then a button tells what is new', async (t) => {
  const { page, list, row, emitTicks, log } = await openLog(t)
  emitTicks(500)
  await row.filter({ hasText: 'tick 500' }).waitFor()
  await list.hover()
  await page.mouse.wheel(0, -2000)
  await row.filter({ hasText: 'tick 500' }).waitFor({ state: 'detached' })
  const texts = await row.allInnerTexts()
  emitTicks(3)
  const fresh = log.getByRole('button', { name: '3 new, go to the end' })
  await fresh.waitFor()
  t.strictSame(await row.allInnerTexts(), texts, 'the rows stand still')
  await fresh.click()
  await row.filter({ hasText: 'tick 500' }).waitFor()
  emitTicks(40)
  await row.filter({ hasText: 'tick 40' }).waitFor()
})

t.test('a paused log stands still, tells how many wait, and loses none', async (t) => {
  const { page, row, emitTicks, log, countOf } = await openLog(t)
  emitTicks(1)
  await row.filter({ hasText: 'tick 1' }).waitFor()
  await log.getByRole('button', { name: 'Pause' }).click()
  await log.getByRole('status').filter({ hasText: 'Paused' }).waitFor()
  emitTicks(1000)
  const resume = log.getByRole('button', { name: /^Resume, 1,00\d wait/ })
  await resume.waitFor()
  t.equal(await row.filter({ hasText: '"tick ' }).count(), 1)
  await page.evaluate(`document.querySelector('nsp-app').renderRoot.querySelector('nsp-log').togglePause()`)
  await row.filter({ hasText: 'tick 1000' }).waitFor()
  t.equal(await countOf('tick'), 1001)
})

t.test('it is filtered as the reader types; a mistake is told, and hides nothing', async (t) => {
  const { row, emit, emitTicks, log } = await openLog(t)
  emitTicks(300)
  emit('other', { text: 'Something else' })
  const filter = log.getByRole('searchbox', { name: 'Filter' })
  await filter.fill('ev:other something')
  await row.filter({ hasText: 'Something else' }).waitFor()
  t.equal(await row.count(), 1)
  await filter.fill('ev:other /some(/')
  await log.locator('.error', { hasText: 'Unterminated group' }).waitFor()
  t.equal(await row.count(), 1)
  await filter.fill('/tick 2\\d\\d"/')
  await log.getByText('100 of').waitFor()
  await filter.press('Escape')
  await log.getByRole('button', { name: '↓ in' }).click()
  t.equal(await filter.inputValue(), '-is:in')
  t.equal(await row.filter({ hasText: '"tick ' }).count(), 0)
  await log.getByRole('button', { name: 'Clear' }).click()
  await log.getByRole('status').filter({ hasText: 'Cleared' }).waitFor()
})

t.test('by keyboard an entry is selected, opened, compared with the previous one, and closed', async (t) => {
  const { page, list, row, emitTicks, log } = await openLog(t)
  emitTicks(2)
  await row.filter({ hasText: 'tick 2' }).waitFor()
  await list.focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  const region = log.getByRole('region', { name: 'Arguments' })
  await region.getByText('"text": "tick 2"').waitFor()
  await log.getByRole('button', { name: 'Diff' }).click()
  const difference = log.getByRole('region', { name: 'Difference to the previous' })
  const changes = await difference.getByRole('listitem').allTextContents()
  t.strictSame(
    changes.map((change) => change.trim().split(/\s*\n\s*/)),
    [
      ['~', '/number', '− 1', '+ 2'],
      ['~', '/text', '− "tick 1"', '+ "tick 2"'],
    ],
  )
  await list.focus()
  await page.keyboard.press('ArrowUp')
  await difference.getByText('There is no earlier one').waitFor()
  t.equal(await row.and(page.locator('[aria-selected=true]')).count(), 1)
  await page.keyboard.press('Escape')
  await difference.waitFor({ state: 'detached' })
})

t.test('an entry that was sent is given back as a payload', async (t) => {
  const { page, row, log } = await openLog(t)
  await page.evaluate(`${WORKSPACE}.sessions.getSnapshot()[0].call('/ticks', 'count', [{ from: 1 }])`)
  const used = page.evaluate<string>(
    `new Promise((resolve) => addEventListener('nsp-use-entry', ({ detail }) => resolve(detail.text)))`,
  )
  await row.filter({ hasText: 'out' }).filter({ hasText: 'count' }).click()
  await log.getByRole('button', { name: 'Use as payload' }).click()
  t.equal(await used, '[{"from":1}]')
})

t.test('what the filter shows is exported as lines of JSON', async (t) => {
  const { page, row, emitTicks, log, complaints } = await openLog(t)
  emitTicks(3000)
  await row.filter({ hasText: 'tick 3000' }).waitFor()
  await log.getByRole('searchbox', { name: 'Filter' }).fill('ev:tick')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    log.getByRole('button', { name: 'Export' }).click(),
  ])
  t.match(download.suggestedFilename(), /^log-.*\.ndjson$/)
  const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n')
  t.equal(lines.length, 3000)
  t.match(JSON.parse(lines.at(-1) ?? ''), {
    at: /^\d{4}-.*Z$/,
    identity: 1,
    kind: 'in',
    namespace: '/ticks',
    event: 'tick',
    args: [{ number: 3000, text: 'tick 3000' }],
  })
  t.strictSame(complaints, [])
})

t.test('what a hostile server sends is text, short enough, and visible', async (t) => {
  const { page, row, emit, log, complaints } = await openLog(t)
  emit('other', '<img src=x onerror=alert(1)>')
  emit('other', '\u202egnp.exe', '\u0000')
  emit('other', 'x'.repeat(5_000_000))
  emit(`<b>${'long'.repeat(10_000)}`, JSON.parse('{"__proto__":{"a":1}}'))
  await row.filter({ hasText: '"__proto__"' }).waitFor()
  const texts = (await row.allInnerTexts()).join()
  t.match(texts, '<img src=x onerror=alert(1)>')
  t.match(texts, '\\u202egnp.exe')
  t.ok(texts.length < 5000, 'rows are short')
  t.equal(
    await page.evaluate(
      `new Set([...document.querySelector('nsp-app').renderRoot.querySelector('nsp-log').renderRoot.querySelector('nsp-log-rows').renderRoot.querySelectorAll('[role=option]')].map((row) => row.getBoundingClientRect().height)).size`,
    ),
    1,
    'all have the same height',
  )
  await row.filter({ hasText: 'xxxx' }).click()
  const region = log.getByRole('region', { name: 'Arguments' })
  await region.getByText('xxxx').waitFor()
  t.equal((await region.locator('pre').textContent())?.length, 200_001, 'of 5 MB the start is shown')
  t.strictSame(complaints, [])
})

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [360, 1440])
    t.test(`axe finds nothing wrong with the log, ${colorScheme}, ${width} px wide`, async (t) => {
      const { page, row, emit, emitTicks, log } = await openLog(t, {
        colorScheme,
        viewport: { width, height: 900 },
      })
      if (width < 720) await page.getByRole('button', { name: 'Log', exact: true }).click()
      // Each hue that an event can have.
      for (const name of 'abcdefghijklmnopqrstuvwx') emit(name)
      emitTicks(100)
      await page.evaluate(`${WORKSPACE}.sessions.getSnapshot()[0].call('/ticks', 'refuse', [])`)
      await row.filter({ hasText: 'ok' }).click()
      await log.getByRole('region', { name: 'Arguments' }).waitFor()
      t.strictSame(await findings(page, WCAG), [])
      await log.getByRole('button', { name: 'Diff' }).click()
      await log.getByRole('searchbox', { name: 'Filter' }).fill('/(/')
      t.strictSame(await findings(page, WCAG), [])
    })
