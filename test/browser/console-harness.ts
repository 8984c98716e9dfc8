import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastifyHelmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions, Page, WebSocket } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildConsole } from '../../console/build/build-console.js'
import { namespacesConsole } from '../../plugin/console.js'
import namespaces, { type NamespacesOptions } from '../../plugin/index.js'
import { launchChromium } from './chromium.js'

/*
 * The console in a browser, in front of a server of the test. A file that imports this module has its own build and browser.
 */

export const baseDir = mkdtempSync(join(tmpdir(), 'fastify-namespaces-console-'))

let browser: Browser
t.before(async () => {
  await buildConsole(baseDir)
  browser = await launchChromium()
})
t.teardown(async () => {
  await browser?.close()
  rmSync(baseDir, { recursive: true, force: true })
})

/** Starts a server with @fastify/helmet's defaults and the console, on the loopback address. Closed with the test. */
export async function serveConsole(
  t: Test,
  options: NamespacesOptions,
  prepare: (app: FastifyInstance) => unknown = () => {},
) {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(fastifyHelmet)
  await app.register(namespaces, options)
  await app.register(namespacesConsole, { baseDir })
  await prepare(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}/namespaces/` }
}

/** Opens the console in its own profile, and collects errors, warnings and violations of its policy. */
export async function openConsole(t: Test, url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  t.teardown(() => context.close())
  const page: Page = await context.newPage()
  page.setDefaultTimeout(20_000)
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
  await page.goto(url)
  return { context, page, complaints, websockets }
}
