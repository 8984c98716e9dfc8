import t from 'tap'
import { defineNamespace, type NamespacesOptions } from '../../plugin/index.js'
import { openConsole, serveConsole } from './console-harness.js'

t.setTimeout(300_000)

/*
 * The console in front of a server that means harm.
 */

const HTML = `"><img src=x onerror="__pwned=1"><script>__pwned=1</script><a href="javascript:__pwned=1">x</a>\${__pwned=1}`
const BIDI = '\u202e\u2066txt.exe\u2069\u200b\u0000\u001b[2J'
const EVIL = `${HTML}${BIDI}`
const LONG = EVIL.repeat(5_000_000 / EVIL.length)

let deep: object = { type: 'string' }
for (let level = 0; level < 150; level++) deep = { type: 'object', required: ['a'], properties: { a: deep } }

const SCHEMA = {
  type: 'object',
  title: EVIL,
  description: EVIL,
  required: ['text'],
  properties: {
    text: {
      type: 'string',
      pattern: '^(([a-z])+.)+[A-Z]([a-z])+$',
      description: EVIL,
      examples: [EVIL],
      default: EVIL,
    },
    [EVIL]: { enum: [EVIL, `${EVIL}2`], description: EVIL },
    deep,
    self: { $ref: '#/definitions/self' },
    list: { type: 'array', minItems: 1_000_000, items: { type: 'string', minLength: 1_000_000 } },
  },
  definitions: { self: { type: 'object', properties: { self: { $ref: '#/definitions/self' } } } },
}

const prose = { summary: EVIL, description: EVIL, tags: [EVIL] }

const hostile = defineNamespace({
  ...prose,
  emits: {
    [EVIL]: { ...prose, payload: { title: EVIL } },
    flood: { payload: { type: 'object', additionalProperties: true } },
  },
  events: {
    [EVIL]: { ...prose, deprecated: true, payload: SCHEMA, handler: () => undefined },
    large: {
      ...prose,
      examples: [
        { text: EVIL, [EVIL]: EVIL },
        JSON.parse('{ "__proto__": { "pwned": 1 }, "constructor": { "prototype": 1 } }'),
      ],
      payload: { type: 'object', additionalProperties: true },
      handler: (_payload, { socket }) => {
        socket.emit('flood', { [EVIL]: LONG })
        socket.emit(EVIL, LONG)
        return { [EVIL]: LONG, list: Array(1000).fill(EVIL) }
      },
    },
    refuse: {
      errors: { PWNED: { type: 'object', description: EVIL } },
      handler: () => {
        throw Object.assign(new Error(EVIL), { code: 'PWNED', statusCode: 400, details: { [EVIL]: EVIL } })
      },
    },
    flood: {
      handler: (_payload, { socket }) => {
        for (let count = 0; count < 10_000; count++) socket.emit('flood', { count, text: HTML })
        return 'flooded'
      },
    },
  },
})

const refusing = defineNamespace({
  ...prose,
  onConnect: () => {
    throw Object.assign(new Error(EVIL), { statusCode: 403, data: { [EVIL]: EVIL } })
  },
  events: { any: { handler: () => undefined } },
})

const plain = { summary: HTML, handler: () => undefined }
const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`event-${number}`, plain]))
const namespaces: NonNullable<NamespacesOptions['namespaces']> = {
  '/hostile': hostile,
  '/refusing': refusing,
  '/many': { events: many },
}
for (let number = 0; number < 1000; number++) namespaces[`/n/${number}`] = { summary: HTML, events: { ping: plain } }

t.test('a hostile server: nothing runs, nothing breaks, and the page stays usable', async (t) => {
  const { url } = await serveConsole(t, { namespaces, limits: { payloadBytes: 50_000_000 } } as never)
  const { page, complaints } = await openConsole(t, url)
  const search = page.getByRole('searchbox', { name: 'Search names, summaries and tags' })
  const send = page.getByRole('button', { name: 'Send', exact: true })
  const main = page.getByRole('main')

  /** How many elements the page has and what they say, those of its components as well. */
  const shown = () =>
    page.evaluate<{ count: number; text: string }>(`(function read(root) {
      const all = [...root.querySelectorAll(':not(style)')]
      const inner = all.flatMap(({ shadowRoot }) => (shadowRoot ? read(shadowRoot) : []))
      const own = all.flatMap(({ childNodes }) => [...childNodes]).filter(({ nodeType }) => nodeType === Node.TEXT_NODE)
      return {
        count: inner.reduce((sum, { count }) => sum + count, all.length),
        text: [...own.map(({ data }) => data), ...inner.map(({ text }) => text)].join(' '),
      }
    })(document.body)`)
  /** A page is usable as long as little of what the server sends is in it: every element and character takes its time. */
  async function isLight(what: string): Promise<void> {
    const { count, text } = await shown()
    t.ok(count < 4_000, `${what}: ${count} elements`)
    t.ok(text.length < 200_000, `${what}: ${text.length} characters`)
    t.notOk(/\u202e|\u2066|\u200b/.test(text), what)
  }
  async function choose(query: string, event: string): Promise<void> {
    await search.fill(query)
    await page.getByRole('button', { name: event }).first().click()
    await main.getByRole('heading', { level: 2 }).first().waitFor()
  }

  await search.waitFor()
  await isLight('the tree of 1,003 namespaces')
  await search.fill('event-9999')
  await page.getByRole('button', { name: 'event-9999' }).waitFor()
  await isLight('a search in 11,000 events')

  await search.fill('onerror')
  await search.press('Enter')
  await page.locator('nsp-json-editor .cm-content').waitFor()
  await isLight('a hostile event')
  await page.locator('nsp-json-editor .cm-content').focus()
  await page.keyboard.press('Control+a')
  // A pattern that backtracks on it would never end.
  await page.keyboard.insertText('{ "text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", ')
  await page.keyboard.press('Control+Space')
  await page.locator('nsp-json-editor').getByRole('option').first().waitFor()
  await page.keyboard.press('Escape')
  await isLight('completion by a hostile schema')

  await choose('refuse', 'refuse')
  await send.click()
  await main.getByText('PWNED').first().waitFor()
  await page.getByText('upgraded').waitFor()

  await choose('large', 'large')
  await send.click()
  await main.getByText('✓ ok').waitFor()
  await page.waitForFunction(`document.querySelector('nsp-app').workspace.log.counts.getSnapshot().total > 5`)
  await isLight('an ack and two emits of 5 MB')

  await choose('flood', 'flood')
  await send.click()
  await main.getByText('✓ ok').waitFor()
  await page.waitForFunction(`document.querySelector('nsp-app').workspace.log.counts.getSnapshot().total > 10_000`)
  await isLight('10,000 emits')
  await page.getByRole('searchbox', { name: 'Filter' }).fill('"count":9999')
  await page.getByText(/^1 of 10,/).waitFor()

  await choose('/refusing', 'any')
  await send.click()
  await main.getByText(/✕/).first().waitFor()
  await isLight('a refused join')

  await page.evaluate('new Promise((resolve) => setTimeout(resolve))')
  t.equal(await page.evaluate('window.__pwned'), undefined)
  t.equal(await page.evaluate('({}).pwned'), undefined)
  t.strictSame(complaints, [])
})
