import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastifyHelmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildConsole } from '../../console/build/build-console.js'
import { namespacesConsole } from '../../plugin/console.js'
import namespaces, { type NamespacesOptions } from '../../plugin/index.js'
import { launchChromium } from './chromium.js'
import { createWatchedPage } from './watched-page.js'

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
  const opened = await createWatchedPage(t, browser, { viewport: { width: 1440, height: 900 }, ...options })
  await opened.page.goto(url)
  return opened
}
