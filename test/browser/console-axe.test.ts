import type { Page } from 'playwright-core'
import t from 'tap'
import { findings } from './axe-findings.js'
import { openConsole, serveConsole } from './console-harness.js'
import { createShop } from './console-shop.js'

t.setTimeout(600_000)

const WIDTHS = [360, 768, 1280, 2560]
const THEMES = ['light', 'dark'] as const
// The rule for the size of targets is new in WCAG 2.2, and off by itself.
const RULES = { rules: { 'target-size': { enabled: true } } }
// A narrow page hides its middle, the landmark `main`, while it shows another part.
const ONE_PART = { rules: { ...RULES.rules, 'landmark-one-main': { enabled: false } } }

const WORKSPACE = `document.querySelector('nsp-app').workspace`
const select = (selection: object) => (page: Page) =>
  page.evaluate(`void ${WORKSPACE}.selection.set(${JSON.stringify(selection)})`)
const dialog = (name: string) => async (page: Page) => {
  await page.evaluate(`document.querySelector('nsp-app').renderRoot.querySelector('nsp-tools').open('${name}')`)
  await page.getByRole('dialog').waitFor()
}

/** Every view and dialog, and how it is reached. */
const VIEWS: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  start: select({ view: 'start' }),
  connection: select({ view: 'connection' }),
  namespace: select({ view: 'namespace', name: '/shop' }),
  emit: select({ view: 'emit', name: '/shop', event: 'order:new' }),
  plain: select({ view: 'plain', name: '/legacy' }),
  stream: select({ view: 'event', name: '/shop', event: 'oven:watch' }),
  'bytes and deprecation': select({ view: 'event', name: '/shop', event: 'photo:add' }),
  async 'event with an error, its form and its schema'(page) {
    await select({ view: 'event', name: '/shop', event: 'order:place' })(page)
    const main = page.getByRole('main')
    await main.getByRole('button', { name: 'JSON' }).click()
    await main.getByRole('textbox', { name: 'Payload' }).fill('{ "cake": "x", "count": 0 }')
    await main.getByRole('button', { name: 'Send', exact: true }).click()
    await main.getByText('FST_NSP_EVENT_INVALID').first().waitFor()
    for (const summary of await main.locator('summary').all()) await summary.click()
  },
  form: async (page) => {
    await page.getByRole('main').getByRole('button', { name: 'Form' }).click()
  },
  environments: dialog('environments'),
  history: dialog('history'),
  scenario: dialog('scenario'),
  palette: dialog('palette'),
  help: dialog('help'),
}

for (const theme of THEMES) {
  t.test(`axe finds nothing wrong with any view or dialog, ${theme}`, async (t) => {
    const { options } = createShop()
    const { url } = await serveConsole(t, options)
    const { page, complaints } = await openConsole(t, url, { colorScheme: theme, reducedMotion: 'reduce' })
    await page.getByRole('heading', { level: 1 }).waitFor()
    for (const [name, show] of Object.entries(VIEWS)) {
      await page.setViewportSize({ width: 1280, height: 900 })
      await show(page)
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 })
        await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
        t.strictSame(await findings(page, RULES), [], `${name}, ${width} px`)
      }
      await page.keyboard.press('Escape')
    }
    await page.setViewportSize({ width: 360, height: 900 })
    for (const part of ['Namespaces', 'Log']) {
      await page.getByRole('button', { name: part, exact: true }).click()
      t.strictSame(await findings(page, ONE_PART), [], `${part}, 360 px`)
    }
    t.strictSame(complaints, [])
  })
}
