import { fileURLToPath } from 'node:url'
import autoload, { type AutoloadPluginOptions } from '@fastify/autoload'
import t, { type Test } from 'tap'
import { build, join, listen, next } from './harness.js'

// How it declares a TypeScript loader that it does not detect.
process.env.FASTIFY_AUTOLOAD_TYPESCRIPT = '1'

async function serve(t: Test, folder: string, options: Partial<AutoloadPluginOptions> = {}) {
  const app = await build(t, { namespaces: {} })
  await app.register(autoload, { dir: fileURLToPath(new URL(`./fixtures/${folder}/`, import.meta.url)), ...options })
  const url = `http://127.0.0.1:${await listen(app)}`
  return { app, enter: (name: string) => join(t, url, name, { transports: ['websocket'] }) }
}

t.test('@fastify/autoload loads a folder of namespaces; directories are prefixes and parameters', async (t) => {
  const { app, enter } = await serve(t, 'namespaces', { routeParams: true, autoHooks: true, cascadeHooks: true })
  const where: Record<string, unknown> = {
    '/': '/',
    '/reports': '/reports',
    '/every-day': '/every-day',
    '/orgs/42': { orgId: 42 },
    '/orgs/42/members': { orgId: '42' },
    '/orgs/42/rooms/a%20b': { orgId: '42', roomId: 'a b' },
  }
  for (const [address, data] of Object.entries(where)) {
    t.strictSame(await enter(address).emitWithAck('where'), { ok: true, data }, address)
  }
  for (const address of ['/orgs/13', '/orgs/13/members', '/orgs/13/rooms/1']) {
    const [error] = await next(enter(address), 'connect_error')
    t.match(error, { message: 'Members only', data: { statusCode: 403 } }, `${address}: the hooks of its folder`)
  }
  for (const address of ['/orgs/forty-two', '/orgs', '/orgs/_orgId/x', '/daily']) {
    t.match(await next(enter(address), 'connect_error'), [{ data: { statusCode: /40[04]/ } }], address)
  }
  t.strictSame((await app.inject('/reports')).json(), { beside: 'a route' })
  t.match(app.printNamespaces(), ':orgId')
})

t.test('@fastify/autoload loads a folder of namespaces below its own prefix', async (t) => {
  const { enter } = await serve(t, 'namespaces', { routeParams: true, options: { prefix: '/v1' } })
  t.strictSame(await enter('/v1/reports').emitWithAck('where'), { ok: true, data: '/v1/reports' })
  t.strictSame(await enter('/v1').emitWithAck('where'), { ok: true, data: '/v1' })
  t.strictSame(await enter('/v1/orgs/42').emitWithAck('where'), { ok: true, data: { orgId: 42 } })
})

t.test('directories named [param] become what dirNameRoutePrefix returns for them', async (t) => {
  const { enter } = await serve(t, 'bracketed', {
    dirNameRoutePrefix: (_parent: string, name: string) => name.replace(/^\[(.+)\]$/, ':$1'),
  })
  t.strictSame(await enter('/teams/7').emitWithAck('where'), { ok: true, data: { teamId: '7' } })
})
