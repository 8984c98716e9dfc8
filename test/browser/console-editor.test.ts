import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import Fastify from 'fastify'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { consoleHeaders } from '../../plugin/console/console-headers.js'
import { findings } from './axe-findings.js'
import { createProfile, launchChromium } from './chromium.js'

t.setTimeout(300_000)

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const SCHEMA = {
  type: 'object',
  required: ['text', 'kind'],
  properties: {
    room: { type: 'integer' },
    text: { type: 'string', minLength: 1, description: 'What is <b>said</b>.' },
    kind: { enum: ['message', 'whisper'] },
    to: { $ref: 'person#' },
  },
}
const SHARED = {
  'person#': { $id: 'person#', type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
}
// Two editors between two links.
const PAGE = `
import '../../console/editor/json-editor.js'
for (const label of ['Payload', 'Auth']) {
  const editor = document.createElement('nsp-json-editor')
  Object.assign(editor, { label, schema: ${JSON.stringify(SCHEMA)}, shared: ${JSON.stringify(SHARED)} })
  document.querySelector('#editors').append(editor)
}`
const HTML = `<!doctype html><html lang="en"><title>Editors</title><link rel="stylesheet" href="style.css">
<script type="module" src="stdin.js"></script>
<main><h1>Editors</h1><a href="#1">before</a><div id="editors"></div><a href="#2">after</a></main></html>`

let browser: Browser
let files: ReadonlyMap<string, string>
t.before(async () => {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: pathOf('.'), sourcefile: 'editor-page.js' },
    outdir: pathOf('.'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  files = new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/') + 1), text]))
  browser = await launchChromium()
})
t.teardown(() => browser?.close())

/** Opens the page under the policy of the console. */
async function open(t: Test) {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  const style = await readFile(pathOf('../../console/style.css'), 'utf8')
  app.get('/', async (_request, reply) => reply.headers(consoleHeaders(true)).type('text/html').send(HTML))
  app.get('/style.css', async (_request, reply) => reply.type('text/css').send(style))
  app.get<{ Params: { file: string } }>('/:file', async ({ params }, reply) =>
    reply.type('text/javascript').send(files.get(params.file)),
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  const context = await createProfile(t, browser, { viewport: { width: 800, height: 700 } })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.goto(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  const [first, second] = [page.locator('nsp-json-editor').nth(0), page.locator('nsp-json-editor').nth(1)]
  const content = first.locator('.cm-content')
  await content.waitFor()
  return { page, complaints, first, second, content }
}

/** CodeMirror leaves the keys to the text for 75 ms after its list has opened. */
const settled = (page: Page) =>
  page.evaluate(
    'new Promise((resolve) => { const from = performance.now(); (function wait() { performance.now() - from > 80 ? resolve() : requestAnimationFrame(wait) })() })',
  )

const textOf = (page: Page, index = 0) =>
  page.evaluate<string>(`document.querySelectorAll('nsp-json-editor')[${index}].value`)

t.test('names and values are completed by keyboard: required names first, and none twice', async (t) => {
  const { page, complaints, first, content } = await open(t)
  await content.focus()
  await page.keyboard.type('{ ')
  await page.keyboard.press('Control+Space')
  const options = first.getByRole('option')
  await options.first().waitFor()
  t.strictSame(await options.allTextContents(), ['textstring, required', 'kindrequired', 'roominteger', 'toobject'])
  await first.getByText('What is <b>said</b>.', { exact: true }).waitFor()
  await first.getByRole('option', { selected: true }).waitFor()
  await settled(page)
  await page.keyboard.press('Enter')
  await page.keyboard.type('hello')
  await page.keyboard.press('End')
  await page.keyboard.type(', "k')
  await options.first().waitFor()
  t.strictSame(await options.allTextContents(), ['kindrequired'])
  await settled(page)
  await page.keyboard.press('Enter')
  await first.getByRole('option', { name: '"whisper"' }).waitFor()
  await settled(page)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.keyboard.type(' }')
  t.equal(await textOf(page), '{ "text": "hello", "kind": "whisper" }')
  t.strictSame(complaints, [])
})

t.test('what is wrong is underlined where it is, told below, and a mistake of the syntax by its place', async (t) => {
  const { page, complaints, first, content } = await open(t)
  await content.focus()
  await page.keyboard.insertText('{ "text": "", "kind": "shout", "room": {{room}}, "to": {} }')
  const marks = first.locator('.cm-wrong')
  await marks.first().waitFor()
  t.strictSame(await marks.allTextContents(), ['""', '"shout"', '{}'])
  t.match(await first.locator('#about').textContent(), /3 problems/)
  t.equal(await content.getAttribute('aria-invalid'), 'true')
  await page.keyboard.press('F8')
  await first.getByText('text must be at least 1 character long (3 problems; F8: next)').waitFor()

  await page.evaluate(`Object.assign(document.querySelector('nsp-json-editor'), {
    value: '{ "text": "a", "kind": "message" }', problems: [{ path: '/text', message: 'text is taken' }] })`)
  await first.locator('.cm-wrong', { hasText: '"a"' }).waitFor()
  await first.locator('#about', { hasText: 'text is taken' }).waitFor()

  await page.evaluate(
    `Object.assign(document.querySelector('nsp-json-editor'), { value: '{ "text": oops }', problems: [] })`,
  )
  await first.locator('#about', { hasText: 'expected a value' }).waitFor()
  await first.locator('.cm-wrong', { hasText: 'oops' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('the schema of a place is shown at the cursor and under the pointer, as text', async (t) => {
  const { page, complaints, first, content } = await open(t)
  await content.focus()
  await page.keyboard.insertText('{ "text": "hello", "kind": "message" }')
  await page.keyboard.press('Home')
  for (let times = 0; times < 4; times++) await page.keyboard.press('ArrowRight')
  await first.locator('#about', { hasText: 'string, length at least 1 – What is <b>said</b>.' }).waitFor()
  await first.locator('.cm-line span', { hasText: '"hello"' }).hover()
  await first.locator('.cm-tooltip-hover', { hasText: 'What is <b>said</b>.' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('two editors have their own name, text and history, and Tab moves on', async (t) => {
  const { page, complaints, first, second } = await open(t)
  await page.getByRole('link', { name: 'before' }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.type('1')
  await page.keyboard.press('Tab')
  await page.keyboard.type('22')
  t.strictSame([await textOf(page), await textOf(page, 1)], ['1', '22'])
  await second.getByRole('textbox', { name: 'Auth' }).waitFor()
  await first.getByRole('textbox', { name: 'Payload' }).waitFor()
  await page.keyboard.press('Control+z')
  t.strictSame([await textOf(page), await textOf(page, 1)], ['1', ''])
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate('document.activeElement.textContent'), 'after')
  await page.keyboard.press('Shift+Tab')
  t.equal(await page.evaluate('document.activeElement.label'), 'Auth')
  t.strictSame(complaints, [])
  t.strictSame(await findings(page), [])
})

t.test('a text of 1 MB is edited in a plain field, which says so, and no schema is read for it', async (t) => {
  const { page, complaints, first, content } = await open(t)
  const text = JSON.stringify({ text: 'x'.repeat(1_000_000) })
  await page.evaluate(`{
    globalThis.lengths_ = new Set()
    const editor = document.querySelector('nsp-json-editor')
    const get = (schema, key) => { globalThis.lengths_.add(editor.value.length); return schema[key] }
    editor.schema = new Proxy(editor.schema, { get })
  }`)
  await content.focus()
  await page.keyboard.insertText('{}')
  await first.getByText('the value must have "text"').waitFor()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
  await first.getByRole('textbox', { name: 'Payload' }).and(first.locator('textarea')).waitFor()
  await first.getByText('Too long for checks: the server checks it.').waitFor()
  t.equal((await textOf(page)).length, text.length)
  const lengths = await page.evaluate<number[]>('[...globalThis.lengths_]')
  t.ok(lengths.includes('{}'.length))
  t.notOk(lengths.includes(text.length))
  await page.evaluate(`document.querySelector('nsp-json-editor').value = '{}'`)
  await content.waitFor()
  t.strictSame(complaints, [])
})
