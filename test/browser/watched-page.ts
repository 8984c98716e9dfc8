import type { Browser, BrowserContextOptions, WebSocket } from 'playwright-core'
import type { Test } from 'tap'
import { createProfile } from './chromium.js'

/**
 * Creates a page in a profile of its own. Collects its WebSockets, and its complaints: errors, warnings and violations of its policy.
 * Closed with the test.
 */
export async function createWatchedPage(t: Test, browser: Browser, options: BrowserContextOptions) {
  const context = await createProfile(t, browser, options)
  const page = await context.newPage()
  const complaints: string[] = []
  const websockets: WebSocket[] = []
  page.on('websocket', (websocket) => websockets.push(websocket))
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.exposeFunction('complain', (text: string) => complaints.push(text))
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) => complain('violated: ' + event.violatedDirective))`,
  )
  return { context, page, complaints, websockets }
}
