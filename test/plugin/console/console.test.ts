import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fastifyCompress from '@fastify/compress'
import fastifyCors from '@fastify/cors'
import fastifyHelmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import { build as bundle } from 'esbuild'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { loadStatic } from '../../../plugin/console/page-files.js'
import namespacesConsole, { type ConsoleOptions, namespacesConsole as named } from '../../../plugin/console.js'
import type { AnyNamespaceDefinition } from '../../../plugin/index.js'
import { build, listen, logLines } from '../harness.js'

/*
 * The plugin that serves the console, with files of the test in place of the page.
 */

const HTML = '<!doctype html><title>A page</title>'
const SCRIPT = 'export const text = "a script that is worth compressing"'

const baseDir = await mkdtemp(join(tmpdir(), 'fastify-namespaces-files-'))
t.teardown(() => rm(baseDir, { recursive: true, force: true }))
await writeFile(join(baseDir, 'index.html'), HTML)
await writeFile(join(baseDir, 'style.css'), 'a{color:red}')
for (const file of ['main.js', 'event-ABCD2345.js']) {
  await writeFile(join(baseDir, file), SCRIPT)
  await writeFile(join(baseDir, `${file}.gz`), gzipSync(SCRIPT))
}

const chat: AnyNamespaceDefinition = {
  events: { 'message:send': { handler: () => {} }, 'debug:dump': { hide: true, handler: () => {} } },
}

/** An instance with the plugin and the console. */
async function serve(
  t: Test,
  options: ConsoleOptions = {},
  prepare?: (app: FastifyInstance) => unknown,
  server?: FastifyServerOptions,
) {
  const app = await build(t, { namespaces: { '/chat': chat } }, prepare, server)
  await app.register(namespacesConsole, { baseDir, ...options })
  return app
}

/** Sets NODE_ENV until the test ends. */
function setEnvironment(t: Test, value: string): void {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = value
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
}

t.test('the page, its configuration and what the server has are served', async (t) => {
  t.equal(namespacesConsole, named)
  const app = await serve(t)
  const page = await app.inject('/namespaces/')
  t.match(page, { statusCode: 200, payload: HTML, headers: { 'content-type': 'text/html; charset=utf-8' } })
  t.strictSame((await app.inject('/namespaces/config.json')).json(), {
    title: 'Namespaces',
    path: '/socket.io',
    page: '/namespaces/',
    isLive: true,
  })
  const description = await app.inject('/namespaces/description.json')
  t.strictSame(Object.keys(description.json().namespaces[0].events), ['message:send'], 'what is hidden is left out')
  for (const { headers } of [page, description]) {
    t.match(headers, { 'cache-control': 'no-cache', etag: /^"/ })
  }
  const known = { 'if-none-match': String(description.headers.etag) }
  t.equal((await app.inject({ url: '/namespaces/description.json', headers: known })).statusCode, 304)
  t.equal((await app.inject({ method: 'HEAD', url: '/namespaces/' })).statusCode, 200)
})

t.test('a file with a hash in its name is kept for ever, any other is loaded again', async (t) => {
  const app = await serve(t)
  const immutable = 'public, max-age=31536000, immutable'
  for (const [file, cacheControl] of [
    ['main.js', 'no-cache'],
    ['style.css', 'no-cache'],
    ['event-ABCD2345.js', immutable],
  ] as const) {
    const { statusCode, headers } = await app.inject(`/namespaces/${file}`)
    t.match({ statusCode, headers }, { statusCode: 200, headers: { 'cache-control': cacheControl } }, file)
    t.notOk(headers.etag, 'its size and time would not tell one version of the package from another')
  }
  t.equal((await app.inject('/namespaces/none.js')).statusCode, 404)
  t.equal((await app.inject('/namespaces/../../package.json')).statusCode, 404)
})

t.test('a compressed file is sent as it lies there, also beside @fastify/compress', async (t) => {
  for (const prepare of [() => {}, (app: FastifyInstance) => app.register(fastifyCompress, { threshold: 1 })]) {
    const app = await serve(t, {}, prepare)
    for (const [file, cacheControl] of [
      ['main.js', 'no-cache'],
      ['event-ABCD2345.js', /immutable/],
    ] as const) {
      const url = `/namespaces/${file}`
      const answer = await app.inject({ url, headers: { 'accept-encoding': 'gzip, br' } })
      t.match(answer.headers, {
        'content-encoding': 'gzip',
        'content-type': /javascript/,
        'cache-control': cacheControl,
        vary: /accept-encoding/i,
      })
      t.strictSame(answer.rawPayload, gzipSync(SCRIPT))
      t.equal((await app.inject({ url, headers: { 'accept-encoding': 'identity' } })).payload, SCRIPT)
    }
  }
})

t.test('without a slash at its end the page is redirected, by a relative address', async (t) => {
  const app = await serve(t)
  const answer = await app.inject('/namespaces?from=elsewhere')
  t.match(answer, { statusCode: 302, headers: { location: './namespaces/?from=elsewhere' } })
  const other = await serve(t, {}, undefined, { routerOptions: { ignoreTrailingSlash: true } })
  t.equal((await other.inject('/namespaces')).headers.location, './namespaces/')
  t.equal((await other.inject('/namespaces/')).payload, HTML)
})

t.test('prefixes of the context, of the plugin and of the option add up', async (t) => {
  const app = await build(t, { prefix: '/live' })
  await app.register(
    async (context) => {
      await context.register(namespacesConsole, { baseDir, prefix: '/dev', routePrefix: '/console' })
    },
    { prefix: '/v1' },
  )
  t.equal((await app.inject('/v1/dev/console/')).payload, HTML)
  t.match((await app.inject('/v1/dev/console/config.json')).json(), {
    path: '/live/socket.io',
    page: '/v1/dev/console/',
  })
  t.equal((await app.inject('/v1/dev/console/main.js')).payload, SCRIPT)
})

t.test('it lives at the root, too', async (t) => {
  const app = await serve(t, { routePrefix: '' })
  t.equal((await app.inject('/')).payload, HTML)
  t.match((await app.inject('/config.json')).json(), { page: '/' })
})

t.test('it shares its path with the option `document`, and shows what that publishes', async (t) => {
  const app = await build(t, { namespaces: { '/chat': chat }, document: { hideUntagged: true } })
  await app.register(namespacesConsole, { baseDir })
  t.equal((await app.inject('/namespaces/asyncapi.json')).statusCode, 200)
  const [manifest, description] = await Promise.all(
    ['manifest', 'description'].map((file) => app.inject(`/namespaces/${file}.json`)),
  )
  t.strictSame(description?.json().namespaces[0].events, {})
  t.equal(manifest?.payload, description?.payload)
})

t.test('other plugins that serve files or add headers do not disturb it', async (t) => {
  const app = await serve(t, {}, async (app) => {
    await app.register(fastifyStatic, { root: baseDir, prefix: '/public/' })
    await app.register(fastifyCors, { origin: true })
    await app.register(fastifyHelmet)
    app.get('/other', async () => 'text')
  })
  for (const url of [
    '/namespaces/',
    '/namespaces/main.js',
    '/namespaces/config.json',
    '/namespaces',
    '/namespaces/none',
  ]) {
    const { headers } = await app.inject(url)
    t.match(headers, {
      'content-security-policy': /^default-src 'none'; script-src 'self';.* trusted-types lit-html$/,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    })
  }
  t.match((await app.inject('/other')).headers['content-security-policy'], /upgrade-insecure-requests/)
})

t.test('staticCSP replaces the policy, or leaves it to the application', async (t) => {
  const policyOf = async (staticCSP: NonNullable<ConsoleOptions['staticCSP']>) => {
    const app = await serve(t, { staticCSP }, (app) => app.register(fastifyHelmet))
    return (await app.inject('/namespaces/')).headers['content-security-policy']
  }
  t.equal(await policyOf("default-src 'self'"), "default-src 'self'")
  const directives = { 'default-src': "'none'", 'script-src': ["'self'", 'https://cdn.example'] }
  t.equal(await policyOf(directives), "default-src 'none'; script-src 'self' https://cdn.example")
  t.match(await policyOf(false), /upgrade-insecure-requests/)
})

t.test('uiHooks run for every route, and their refusal has the headers', async (t) => {
  const asked: string[] = []
  const app = await serve(t, {
    uiHooks: {
      onRequest: async (request, reply) => {
        asked.push(request.url)
        if (request.headers.authorization === undefined) await reply.code(401).send({ error: 'Who are you?' })
      },
      preHandler: [async () => {}, (_request, _reply, done) => done()],
    },
  })
  const urls = ['', '/', '/config.json', '/description.json', '/main.js', '/none.js'].map(
    (path) => `/namespaces${path}`,
  )
  for (const url of urls) {
    t.match(await app.inject(url), { statusCode: 401, headers: { 'content-security-policy': /'none'/ } }, url)
  }
  t.strictSame(asked, urls)
  t.equal((await app.inject({ url: '/namespaces/', headers: { authorization: 'x' } })).payload, HTML)
})

t.test('in production it is off unless it has uiHooks, and the log says which', async (t) => {
  setEnvironment(t, 'production')
  const { lines, logger } = logLines()
  const off = await serve(t, {}, undefined, { logger })
  t.equal((await off.inject('/namespaces/')).statusCode, 404)
  t.ok(lines.some(({ msg }) => /the console is off/.test(String(msg))))

  const on = await serve(t, { uiHooks: {}, theme: { title: 'Chat' }, logLevel: 'silent' }, undefined, { logger })
  const port = await listen(on)
  t.match((await on.inject('/namespaces/config.json')).json(), { title: 'Chat', isLive: false })
  t.match(
    lines.filter(({ msg }) => msg === 'the console is served'),
    [{ console: `http://127.0.0.1:${port}/namespaces/` }],
  )
})

t.test('a wrong option fails at boot, naming its path', async (t) => {
  const cases: [options: object, message: string][] = [
    [{ routePrefix: 'namespaces' }, 'Option routePrefix must be empty, or segments'],
    [{ uiHook: {} }, 'Option uiHook is unknown: did you mean'],
    [{ uiHooks: { onRequest: 'x' } }, 'Option uiHooks.onRequest must be a function'],
    [{ logLevel: 'loud' }, 'Option logLevel must be one of'],
    [{ staticCSP: 7 }, 'Option staticCSP must be true, false, a text, or an object of directives'],
    [{ staticCSP: '' }, 'Option staticCSP must be'],
    [{ staticCSP: { 'default-src': [1] } }, 'Option staticCSP must be'],
    [{ staticCSP: {} }, 'Option staticCSP must be'],
    [{ staticCSP: { defaultSrc: "'self'" } }, 'Option staticCSP must be'],
    [{ staticCSP: { 'default-src': "'self'; script-src *" } }, 'Option staticCSP must be'],
    [{ staticCSP: "default-src 'self'\r\nx: y" }, 'Option staticCSP must be'],
    [{ staticCSP: 'default-src ‘self’' }, 'Option staticCSP must be'],
    [{ baseDir: '' }, 'Option baseDir must be an absolute path'],
    [{ baseDir: 'dist/console' }, 'Option baseDir must be an absolute path'],
    [{ theme: { titel: 'x' } }, 'Option theme.titel is unknown'],
  ]
  for (const [options, message] of cases) {
    const app = await build(t)
    const error = await app.register(namespacesConsole, { baseDir, ...options }).then(
      () => undefined,
      (error: unknown) => error,
    )
    t.match(error, { code: 'FST_NSP_OPTIONS_INVALID', message: new RegExp(`^${message.replace(/[.]/g, '\\.')}`) })
  }
})

t.test('before the plugin, twice, without its files or without @fastify/static: one clear error each', async (t) => {
  const early = Fastify()
  t.teardown(() => early.close())
  await t.rejects(async () => early.register(namespacesConsole, { baseDir }), { code: 'FST_NSP_NOT_REGISTERED' })
  const twice = await serve(t)
  await t.rejects(async () => twice.register(namespacesConsole, { baseDir }), { code: 'FST_ERR_DUPLICATED_ROUTE' })
  await t.rejects(serve(t, { baseDir: join(baseDir, 'none') }), {
    code: 'FST_NSP_CONSOLE_MISSING',
    message: /npm run build:console/,
  })
  const missing = Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
  await t.rejects(
    loadStatic(() => Promise.reject(missing)),
    {
      code: 'FST_NSP_STATIC_MISSING',
      message: /npm install @fastify\/static/,
      cause: missing,
    },
  )
  const broken = new Error('broken')
  await t.rejects(
    loadStatic(() => Promise.reject(broken)),
    broken,
  )
})

t.test('in a bundle of CommonJS, which has no import.meta.url, it loads and has its files from baseDir', async (t) => {
  const outfile = join(baseDir, 'bundle.cjs')
  const entry = fileURLToPath(new URL('../../../plugin/console.ts', import.meta.url))
  await bundle({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' })
  const bundled = createRequire(import.meta.url)(outfile).default
  t.type(bundled, 'function')
  const app = await build(t, { namespaces: { '/chat': chat } })
  await t.rejects(async () => app.register(bundled, { baseDir: join(baseDir, 'none') }))
})
