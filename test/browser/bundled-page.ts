import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Browser, WebSocket } from 'playwright-core'
import type { Test } from 'tap'
import namespaces, { type NamespacesOptions } from '../../plugin/index.js'
import { createProfile } from './chromium.js'
import { openProxy } from './proxy.js'

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** The code of a page of pages/ in one file, with the sources of the client and of the hooks. */
async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [pathOf(`pages/${name}.ts`)],
    bundle: true,
    write: false,
    define: { 'process.env.NODE_ENV': '"development"' },
    alias: {
      'fastify-namespaces/client': pathOf('../../plugin/client.ts'),
      'fastify-namespaces/react': pathOf('../../plugin/react.ts'),
    },
  })
  return outputFiles.map(({ text }) => text).join('')
}

/**
 * Starts a server with a page of pages/, behind a proxy, and opens the page through it. All is closed with the test.
 *
 * @param browser - from launchChromium()
 * @param name - of the file in pages/
 * @param options - of the plugin
 */
export async function openBundledPage<Page extends object>(
  t: Test,
  browser: Browser,
  name: string,
  options: NamespacesOptions,
) {
  const app: FastifyInstance = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(namespaces, options)
  const html = '<!doctype html><title>Test</title><div id="root"></div><script src="/page.js"></script>'
  const script = await bundle(name)
  app.get('/', async (_request, reply) => reply.type('text/html').send(html))
  app.get('/page.js', async (_request, reply) => reply.type('text/javascript').send(script))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const proxy = await openProxy(t, (app.server.address() as AddressInfo).port)

  const context = await createProfile(t, browser)
  const tab = await context.newPage()
  const complaints: string[] = []
  const websockets: WebSocket[] = []
  tab.on('websocket', (websocket) => websockets.push(websocket))
  tab.on('pageerror', ({ message }) => complaints.push(message))
  await tab.goto(`http://127.0.0.1:${proxy.port}/`)

  /** Calls a function of the page: what it has put into `globalThis.page`. */
  async function ask<Name extends keyof Page & string>(
    name: Name,
    ...args: Page[Name] extends (...args: infer Args) => unknown ? Args : never
  ) {
    const result = await tab.evaluate(`page.${name}(...${JSON.stringify(args)})`)
    return result as Page[Name] extends (...args: never[]) => infer Result ? Awaited<Result> : never
  }
  return { app, proxy, tab, ask, complaints, websockets }
}
