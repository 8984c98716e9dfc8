import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { listen } from '../harness.js'
import { runCli } from './cli-harness.js'

const PRINTED = '/\n└── chat (events message:send, emits message:new) Rooms\n'

/** A plugin that declares one namespace, as the text of an app file. */
const body = `
  await fastify.register(namespaces, {
    namespaces: {
      '/chat': {
        description: 'Rooms',
        events: { 'message:send': { payload: { type: 'string' }, handler() {} } },
        emits: { 'message:new': {} },
      },
    },
  })`
const esm = `import namespaces from 'fastify-namespaces'\nexport default async function app(fastify) {${body}\n}\n`

t.test('an app file is a plugin, an instance, or CommonJS of either', async (t) => {
  const files = {
    'plugin.mjs': esm,
    'plugin.ts': esm.replace('(fastify)', '(fastify: object)'),
    'options.mjs': `${esm}export const options = { logger: { level: 'nonsense' }, bodyLimit: 1000 }\n`,
    'nested.mjs': esm.replace(body, `fastify.register(async (fastify) => {${body} })`),
    'instance.mjs': `import Fastify from 'fastify'\nimport namespaces from 'fastify-namespaces'
      const fastify = Fastify()\nexport const app = fastify\n${body.replace('await', 'void')}`,
    'ready.mjs': `import Fastify from 'fastify'\nimport namespaces from 'fastify-namespaces'
      const fastify = Fastify()\n${body}\nawait fastify.ready()\nexport default fastify`,
    'plugin.cjs': `module.exports = async (fastify) => {
      const { default: namespaces } = await import('fastify-namespaces')${body} }
      module.exports.options = { bodyLimit: 1000 }`,
    'compiled.cjs': `exports.default = async (fastify) => {
      const { default: namespaces } = await import('fastify-namespaces')${body} }`,
  }
  const cwd = t.testdir(files)
  for (const file of Object.keys(files))
    t.strictSame(await runCli(['print', file], { cwd }), { code: 0, out: PRINTED, err: '' }, file)
})

t.test('an app that can not be read says why, with exit code 2', async (t) => {
  const cwd = t.testdir({
    'empty.mjs': 'export const nothing = 1',
    'throws.mjs': 'throw new Error("no database")',
    'string.mjs': 'throw "no database"',
    'missing.ts': 'import "./nowhere.js"',
    'missing.mjs': 'import "./nowhere.js"',
    'bare.mjs': 'export default async () => {}',
    'broken.mjs': esm.replace("{ type: 'string' }", "'string'"),
    'fault.mjs': 'export default async () => { throw new TypeError("x is not a function") }',
  })
  const expected = {
    'nowhere.js': /There is no file .*nowhere\.js/,
    'empty.mjs': /empty\.mjs exports no app\. Its default export/,
    'throws.mjs': /throws\.mjs can not be loaded: Error: no database\n +at /,
    'string.mjs': /string\.mjs can not be loaded: no database/,
    'missing.ts': /ERR_MODULE_NOT_FOUND: [\s\S]*node --import tsx node_modules/,
    'missing.mjs': /ERR_MODULE_NOT_FOUND: .*\n$/,
    'bare.mjs': /bare\.mjs does not register fastify-namespaces/,
    'broken.mjs': /does not start: FST_NSP_DEFINITION_INVALID: .*namespaces\["\/chat"\]/,
    'fault.mjs': /does not start: TypeError: x is not a function\n +at /,
    '.': /There is no file/,
  }
  for (const [file, err] of Object.entries(expected)) {
    const result = await runCli(['print', file], { cwd })
    t.match(result.err, err, file)
    t.strictSame([result.code, result.out], [2, ''], file)
  }
})

t.test('a manifest is a file, or stdin', async (t) => {
  const cwd = t.testdir({
    'app.mjs': esm,
    'text.json': 'no JSON',
    'other.json': '{ "asyncapi": "3.1.0" }',
    'dir.json': {},
  })
  const { out: input } = await runCli(['print', 'app.mjs', '--json'], { cwd })
  t.match(JSON.parse(input), { version: 1, path: '/socket.io', namespaces: [{ name: '/chat' }] })
  t.strictSame(await runCli(['print', '-'], { cwd, input }), { code: 0, out: PRINTED, err: '' })
  t.match(await runCli(['print', '-'], { cwd }), { code: 2, err: 'stdin is no JSON' })
  t.match(await runCli(['print', 'text.json'], { cwd }), { code: 2, err: 'text.json is no JSON' })
  t.match(await runCli(['print', 'other.json'], { cwd }), { code: 2, err: 'is no manifest of fastify-namespaces' })
  const whole = { name: '/a', events: { b: { errors: {} } }, emits: { c: {} }, schemas: {} }
  const broken = [
    null,
    { ...whole, name: 1 },
    { ...whole, events: 1 },
    { ...whole, emits: [] },
    { ...whole, schemas: null },
  ]
  const inner = [
    { ...whole, events: { b: {} } },
    { ...whole, emits: { c: null } },
  ]
  for (const one of [...broken, ...inner]) {
    const text = JSON.stringify({ version: 1, namespaces: [one] })
    t.match(await runCli(['print', '-'], { cwd, input: text }), { code: 2, err: /^stdin is no manifest/ }, text)
  }
  t.match(await runCli(['print', 'none.json'], { cwd }), { code: 2, err: 'can not be read: ENOENT' })
})

/** A server of documents, which wants a header. */
async function serve(t: Test): Promise<string> {
  const manifest = {
    version: 1,
    path: '/socket.io',
    namespaces: [{ name: '/chat', events: {}, emits: {}, schemas: {} }],
  }
  const app: FastifyInstance = Fastify()
  t.teardown(() => app.close())
  app.get('/docs/manifest.json', async ({ headers }, reply) => {
    return headers.authorization === CREDENTIALS || headers['x-token'] === 's3cret' ? manifest : reply.code(401).send()
  })
  app.get('/old/manifest.json', async (_request, reply) => reply.redirect('/docs/manifest.json'))
  app.get('/down/manifest.json', async (_request, reply) => reply.code(500).send())
  return `http://127.0.0.1:${await listen(app)}`
}

const CREDENTIALS = `Basic ${Buffer.from('ada:päss').toString('base64')}`

t.test('a URL leads to the manifest of a server, with headers or credentials', async (t) => {
  const url = await serve(t)
  const printed = { code: 0, out: '/\n└── chat (mounted)\n', err: '' }
  t.strictSame(await runCli(['print', `${url}/docs`, '-H', 'x-token: s3cret']), printed)
  t.strictSame(await runCli(['print', `${url}/docs/`, '-H', 'accept: */*', '-H', 'x-token:s3cret']), printed)
  t.strictSame(await runCli(['print', `${url}/docs/manifest.json`, '-H', 'x-token: s3cret']), printed)
  t.strictSame(await runCli(['print', `${url.replace('//', '//ada:p%C3%A4ss@')}/docs`]), printed)
})

t.test('a URL that does not answer says why, and no message repeats a secret', async (t) => {
  const url = await serve(t)
  const secret = url.replace('//', '//ada:s3cret@')
  const expected = {
    [`${secret}/docs?token=s3cret`]: /\/docs\/manifest\.json answered 401\. Authenticate by a header/,
    [`${secret}/other`]: /answered 404\. Turn on the option `document`/,
    [`${secret}/old`]: /answered 302\. Give the URL that it redirects to: \/docs\/manifest\.json/,
    [`${secret}/down`]: /answered 500\.\n/,
    'http://s3cret:s3cret@127.0.0.1:1/': /127\.0\.0\.1:1\/manifest\.json can not be reached: bad port/,
    'http://s3cret:s3cret@[': /The URL is not valid/,
  }
  for (const [source, err] of Object.entries(expected)) {
    const result = await runCli(['print', source])
    t.match(result.err, err, source)
    t.notMatch(result.err, /s3cret/)
    t.equal(result.code, 2)
  }
  const wrong = await runCli(['print', `${url}/docs`, '-H', 'accept: */*', '-H', 's3cret'])
  t.strictSame(wrong, { code: 2, out: '', err: 'Header 2 is not valid. Give it as -H "name: value"\n' })
  const aborted = await runCli(['print', `${url}/docs`], { signal: AbortSignal.abort() })
  t.match(aborted, { code: 2, err: 'can not be reached: AbortError' })
})
