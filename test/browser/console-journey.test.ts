import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { chat } from '../../examples/chat.js'
import { createLog, createLogs } from '../../examples/log-stream.js'
import { run } from '../plugin/cli/live-harness.js'
import { findings } from './axe-findings.js'
import { openConsole, serveConsole } from './console-harness.js'

t.setTimeout(300_000)

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Serves a chat, and a log with lines in it. */
function serve(t: Test) {
  const log = createLog()
  for (const text of ['one', 'two', 'three']) log.add('info', text)
  return serveConsole(t, { namespaces: { '/chat': chat, '/logs': createLogs(log) } })
}

/** The name of what has the focus, through the borders of shadow roots. */
const focusedName = (page: Page) =>
  page.evaluate<string>(`(() => {
    let element = document.activeElement
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
    return (element?.getAttribute('aria-label') ?? element?.textContent ?? '').trim()
  })()`)

/** The text of the page, except what the server has answered, through the borders of shadow roots. */
const ALL_TEXTS = `(() => {
  const textOf = (root) => [root.textContent, ...[...root.querySelectorAll('*')].map(({ localName, shadowRoot }) => shadowRoot && localName !== 'nsp-results' ? textOf(shadowRoot) : '')].join(' ')
  return textOf(document.body)
})()`

/** Presses Tab until the control with a name has the focus. */
async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  const seen: string[] = []
  while (seen.length < 80) {
    await page.keyboard.press(key)
    const focused = await focusedName(page)
    if (focused === name) return
    seen.push(focused)
  }
  throw new Error(`Tab does not reach ${name}, but ${seen.join(', ')}`)
}

/** Opens what the palette finds first. */
async function goTo(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Go to' }).waitFor()
  await page.keyboard.type(words)
  await page
    .getByRole('listbox', { name: 'Found' })
    .getByRole('option')
    .first()
    .getByText(words, { exact: true })
    .waitFor()
  await page.keyboard.press('Enter')
}

async function download(page: Page, name: string): Promise<string> {
  const started = page.waitForEvent('download')
  await tabTo(page, name)
  await page.keyboard.press('Enter')
  return readFile(await (await started).path(), 'utf8')
}

t.test(
  'by keyboard alone: find, join, send, read the error, mend it, tail, cancel, export what was recorded',
  async (t) => {
    const { url, port } = await serve(t)
    const { page, complaints } = await openConsole(t, url, { acceptDownloads: true })
    await page.getByRole('searchbox', { name: /^Search/ }).waitFor()

    await goTo(page, 'Scenario')
    await page.getByRole('dialog', { name: 'Scenario' }).waitFor()
    await tabTo(page, 'Record')
    await page.keyboard.press('Enter')
    await page.getByText('Recording: 0 steps').first().waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    await page.keyboard.press('/')
    await page.keyboard.type('room:join')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'room:join' }).waitFor()
    await page.locator('.cm-content').waitFor()
    await tabTo(page, 'Payload')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{"name":"Ada"}')
    await page.keyboard.press('Control+Enter')
    await page.getByText("must have required property 'room'").first().waitFor()
    t.equal(await focusedName(page), 'Problems', 'the focus is on what has to be mended')
    await tabTo(page, 'Payload', 'Shift+Tab')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{"room":"tea","name":"Ada"}')
    await page.keyboard.press('Control+Enter')
    await page.getByText('Recording: 3 steps').waitFor()

    await goTo(page, 'log:tail')
    await page.getByRole('heading', { name: 'log:tail' }).waitFor()
    await page.locator('.cm-content').waitFor()
    await tabTo(page, 'Payload', 'Shift+Tab')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{}')
    await page.keyboard.press('Control+Enter')
    await page.getByText('three').first().waitFor()
    await tabTo(page, 'Cancel')
    await page.keyboard.press('Enter')
    await page.getByText('Recording: 5 steps').waitFor()

    await goTo(page, 'Scenario')
    await page.getByRole('textbox', { name: 'Name' }).waitFor()
    const cwd = t.testdir({
      'scenario.yaml': await download(page, 'Scenario (YAML)'),
      'scenario.test.ts': await download(page, 'tap test'),
    })
    // Chromium styles some of what is typed like what stood there. The policy refuses it, and CodeMirror draws the line anew.
    t.strictSame(
      complaints.filter((complaint) => !/inline style|style-src-attr/.test(complaint)),
      [],
    )

    const { code, out, err } = await run(['run', 'scenario.yaml', '--url', `http://127.0.0.1:${port}`], { cwd })
    t.equal(code, 0, out + err)
    t.match(out, /^1\.\.5$/m)

    const example = (name: string) => relative(cwd, join(root, 'examples', name))
    await writeFile(
      join(cwd, 'server.ts'),
      `import Fastify from 'fastify'
    import namespaces from 'fastify-namespaces'
    import { chat } from '${example('chat.js')}'
    import { createLog, createLogs } from '${example('log-stream.js')}'

    export async function buildServer() {
      const app = Fastify()
      const log = createLog()
      for (const text of ['one', 'two', 'three']) log.add('info', text)
      await app.register(namespaces, { namespaces: { '/chat': chat, '/logs': createLogs(log) } })
      return app
    }`,
    )
    const loaders = ['typescript.js', 'own-name.js'].flatMap((file) => ['--import', join(root, 'test', file)])
    // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
    const command = ['-u', 'NODE_OPTIONS', '-u', 'TAP', process.execPath, ...loaders, 'scenario.test.ts']
    const { stdout } = await promisify(execFile)('env', command, { cwd }).catch(({ stdout, stderr }) => ({
      stdout: `${stdout}${stderr}`,
    }))
    t.match(stdout, /^ok 1 - scenario/m)
  },
)

t.test('keys: ? opens the help, where single keys are switched off; they never count while typing', async (t) => {
  const { url } = await serve(t)
  const { page, complaints } = await openConsole(t, url)
  await page.getByRole('searchbox', { name: /^Search/ }).waitFor()
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  await page.keyboard.press('p')
  await page.getByRole('button', { name: /^Resume/ }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('p?/')
  t.equal(await page.getByRole('searchbox', { name: /^Search/ }).inputValue(), 'p?/')
  await tabTo(page, 'Connection')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Help' }).waitFor()
  await page.getByRole('checkbox', { name: /one character/ }).press('Space')
  await page.keyboard.press('Escape')
  t.equal(await focusedName(page), 'Connection', 'the focus is where it was')
  await page.keyboard.press('?')
  await page.keyboard.press('p')
  t.equal(await page.getByRole('dialog').count(), 0)
  await page.reload()
  await page.getByRole('searchbox', { name: /^Search/ }).waitFor()
  await page.keyboard.press('?')
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Go to' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('a link fills in an event, sends nothing, and back and forward lead through what was shown', async (t) => {
  const { url } = await serve(t)
  const link = `${url}#/event?ns=/chat&ev=message:send&payload={%22text%22:%22{{word}}%22}`
  const { page, complaints, websockets } = await openConsole(t, link)
  await page.getByRole('heading', { name: 'message:send' }).waitFor()
  await page.locator('.cm-content', { hasText: '{"text":"{{word}}"}' }).waitFor()
  await goTo(page, 'room:leave')
  await page.getByRole('heading', { name: 'room:leave' }).waitFor()
  t.match(page.url(), '#/event?ns=/chat&ev=room:leave')
  await page.goBack()
  await page.getByRole('heading', { name: 'message:send' }).waitFor()
  await page.goForward()
  await page.getByRole('heading', { name: 'room:leave' }).waitFor()
  for (const hash of ['#/event?ns=/none&ev=x', '#<img src=x onerror=alert(1)>', '#/event?ns=javascript:1&ev=x']) {
    await page.evaluate(`location.assign(${JSON.stringify(hash)})`)
    t.equal(await page.getByRole('heading', { name: 'room:leave' }).count(), 1, hash)
  }
  t.equal(websockets.length, 0, 'nothing was joined')
  t.strictSame(complaints, [])
})

t.test('a secret is sent, and is nowhere else: not in the storage, the log, a link, code or a recording', async (t) => {
  const { url } = await serve(t)
  const { page, context, complaints } = await openConsole(
    t,
    `${url}#/event?ns=/chat&ev=room:join&payload={%22room%22:%22tea%22,%22name%22:%22{{who}}%22}`,
  )
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Variables' }).click()
  await page.getByRole('textbox', { name: 'Name 1' }).fill('who')
  await page.getByRole('checkbox').first().check()
  await page.getByLabel('Value 1').fill('S3CR3T-of-Ada')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Scenario' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByText('Recording: 2 steps').waitFor()
  await page.getByRole('button', { name: 'Code' }).click()
  const code = await page.getByLabel('Typed client').textContent()
  t.match(code, "const variables = { who: '' /* fill in the secret */ }")
  await page.getByRole('button', { name: 'Copy link' }).click()
  await page.getByText('Copied').waitFor()
  const kept = await page.evaluate<string>(
    'navigator.clipboard.readText().then((link) => link + JSON.stringify(localStorage))',
  )
  t.match(kept, '{{who}}')
  t.notMatch(kept, 'S3CR3T')
  await page.getByRole('button', { name: 'Recording' }).click()
  await page.getByText('See the file').click()
  const texts = await page.evaluate<string>(ALL_TEXTS)
  t.match(texts, 'who: null')
  t.match(texts, 'room:join')
  t.notMatch(texts, 'S3CR3T')
  t.strictSame(complaints, [])
})

t.test('every dialog is accessible in both themes, and closes with Escape', async (t) => {
  const { url } = await serve(t)
  const { page } = await openConsole(t, `${url}#/event?ns=/chat&ev=room:join`)
  await page.locator('.cm-content').waitFor()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  for (const theme of ['light', 'dark']) {
    await page.getByRole('combobox', { name: 'Theme' }).selectOption(theme)
    for (const name of ['Variables', 'History', 'Scenario', 'Go to Ctrl K', 'Help']) {
      await page.getByRole('button', { name, exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.waitFor()
      const found = await findings(page)
      t.strictSame(found, [], `${name}, ${theme}`)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
  }
})

t.test('on a narrow page the name of a scenario can be read', async (t) => {
  const { url } = await serve(t)
  const { page } = await openConsole(t, `${url}#/event?ns=/chat&ev=room:leave`, {
    viewport: { width: 360, height: 720 },
  })
  await page.locator('.cm-content').waitFor()
  await page.getByRole('button', { name: 'Scenario' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByText('Recording: 2 steps').click()
  const box = await page.getByRole('textbox', { name: 'Name' }).boundingBox()
  t.ok(Number(box?.width) >= 120, `${box?.width}`)
})
