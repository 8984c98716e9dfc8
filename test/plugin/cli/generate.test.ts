import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import * as v from 'valibot'
import { importPeer } from '../../../plugin/cli/generate/import-peer.js'
import { createTypeNames } from '../../../plugin/cli/generate/type-names.js'
import { Binary } from '../../../plugin/index.js'
import { build, listen } from '../harness.js'
import { runCli } from './cli-harness.js'

const handler = () => undefined
const string = { type: 'string' }

/** An app that has one of everything. */
const definitions = {
  '/orgs/:orgId': {
    summary: 'Rooms',
    description: 'of an organisation */',
    schema: {
      params: { type: 'object', required: ['orgId'], properties: { orgId: { type: 'integer' } } },
      auth: { type: 'object', required: ['token'], properties: { token: string }, additionalProperties: false },
    },
    events: {
      'message:send': {
        description: 'Says something',
        deprecated: true,
        payload: {
          type: 'object',
          required: ['text'],
          properties: { text: { ...string, title: 'Text' }, at: { $ref: 'Point' } },
        },
        reply: {
          type: 'object',
          properties: { id: { type: ['string', 'null'] }, tags: { type: 'array', items: string, minItems: 1 } },
        },
        errors: {
          ROOM_FULL: { type: 'object', required: ['max'], properties: { max: { type: 'number' } } },
          GONE: { type: 'null' },
        },
        handler,
      },
      'log:tail': {
        stream: {
          $ref: '#/$defs/line',
          $defs: { line: { type: 'object', properties: { next: { $ref: '#/$defs/line' } } } },
        },
        handler,
      },
      upload: { payload: Binary({ maxBytes: 10 }), handler },
      ping: { handler },
      other: { payload: v.string(), handler },
    },
    emits: {
      "it's new": { payload: { enum: ['a', 1, null] } },
      'poll:ask': { payload: { $ref: 'Point' }, reply: { oneOf: [{ const: 1 }, { type: 'string', nullable: true }] } },
    },
  },
  '/shapes': {
    emits: Object.fromEntries(
      Object.entries({
        open: { type: 'object' },
        closed: { type: 'object', additionalProperties: false },
        record: { type: 'object', additionalProperties: { type: 'number' } },
        map: { type: 'object', patternProperties: { '^a': { type: 'number' }, '^b': string } },
        both: { type: 'object', properties: { a: string }, additionalProperties: { type: 'number' } },
        pair: { type: 'array', items: [string, { type: 'number' }], minItems: 2, maxItems: 2, additionalItems: false },
        pairs: { type: 'array', items: [string], minItems: 1, additionalItems: { type: 'number' } },
        all: { allOf: [{ $ref: 'Point' }, { type: 'object', properties: { z: { type: 'number' } } }] },
        more: { $ref: 'Point', description: 'a place' },
        never: { not: {} },
        any: {},
      }).map(([name, payload]) => [name, { payload }]),
    ),
  },
}

async function app(options: object = {}): Promise<FastifyInstance> {
  const declare = (app: FastifyInstance) => {
    app.addSchema({ $id: 'Point', type: 'object', properties: { x: { type: 'number' }, near: { $ref: 'Point#' } } })
    app.get('/text/asyncapi.json', async () => 'text')
  }
  const server = { ajv: { customOptions: { strictTuples: false } } }
  const instance = await build(t, { namespaces: definitions as never, ...options }, declare, server)
  await instance.ready()
  return instance
}

const manifest = async () => JSON.stringify((await app()).describeNamespaces())

t.test('types are written for the client: the same for the same contract', async (t) => {
  const input = await manifest()
  const { code, out, err } = await runCli(['types', '-'], { input })
  t.strictSame([code, err], [0, ''])
  t.equal((await runCli(['types', '-'], { input })).out, out)
  const hashes = JSON.parse(input).namespaces.map(({ hash }: { hash: string }) => hash)
  t.equal(
    out.replace(hashes[0], 'HASH').replace(hashes[1], 'HASH'),
    await readFile(new URL('expected-types.txt', import.meta.url), 'utf8'),
  )
})

t.test('what can not be read of a manifest becomes unknown', async (t) => {
  const payload = (jsonSchema: unknown) => ({ payload: { jsonSchema } })
  const emits = {
    nowhere: payload({ $ref: 'https://example.com/nowhere' }),
    injected: payload({ tsType: 'string; }\ndeclare const x: {', title: 'a */ b' }),
    nullable: payload({ nullable: true }),
    both: payload({ $ref: '#/definitions/a', definitions: { a: { type: 'object', properties: {} } }, enum: [1] }),
    tree: payload({ type: 'object', properties: { next: { $ref: '#' } } }),
  }
  const manifest = {
    version: 1,
    path: '/',
    namespaces: [{ name: '/chat', hash: '00', events: {}, emits, schemas: {} }],
  }
  const { out } = await runCli(['types', '-'], { input: JSON.stringify(manifest) })
  t.match(out, /nowhere: \{\n +payload: unknown\n/)
  t.match(out, /export interface Node \{\n +next\?: Node\n/)
  t.match(out, /both: \{\n +payload: A & 1\n/)
  t.match(out, /nullable: \{\n +payload: unknown\n/)
  t.match(out, /injected: \{\n +\/\*\*\n +\* a \* ?\/ b\n +\*\/\n +payload: unknown\n/)
})

t.test('names of types are unique, whatever the names of the schemas are', async (t) => {
  const nameOf = createTypeNames()
  t.strictSame(['order-line', 'OrderLine', 'orderline', '', '7', 'Definitions', 'über'].map(nameOf), [
    'OrderLine',
    'OrderLine2',
    'Orderline3',
    'Type',
    'Type7',
    'Definitions2',
    'Ber',
  ])
})

t.test('types --check compares the files, and writes nothing', async (t) => {
  const [cwd, input] = [t.testdir({}), await manifest()]
  const types = (...args: string[]) => runCli(['types', '-', ...args], { cwd, input })
  t.match(await types('-o', 'api.d.ts', '--check'), {
    code: 1,
    err: /api\.d\.ts does not exist\. Run the same command without --check/,
  })
  t.strictSame(await types('-o', 'api.d.ts', '--hashes', 'hashes.json'), { code: 0, out: '', err: '' })
  t.strictSame(await types('-o', 'api.d.ts', '--hashes', 'hashes.json', '--check'), { code: 0, out: '', err: '' })
  t.match(JSON.parse(await readFile(join(cwd, 'hashes.json'), 'utf8')), { '/orgs/:orgId': /^[0-9a-f]{16}$/ })
  await types('--hashes', 'hashes.js')
  await types('--hashes', 'hashes.ts')
  t.equal(await readFile(join(cwd, 'hashes.ts'), 'utf8'), await readFile(join(cwd, 'hashes.js'), 'utf8'))
  const { contracts } = await import(join(cwd, 'hashes.js'))
  t.strictSame(contracts, JSON.parse(await readFile(join(cwd, 'hashes.json'), 'utf8')))
  const changed = { cwd, input: input.replaceAll('integer', 'string') }
  const stale = await runCli(['types', '-', '-o', 'api.d.ts', '--check'], changed)
  t.match(stale, { code: 1, err: /api\.d\.ts is out of date/ })
  t.match(stale.out, /^line \d+:\n- +orgId: number\n\+ +orgId: string\n$/)
  const many = await runCli(['types', '-', '-o', 'api.d.ts', '--check'], {
    cwd,
    input: '{ "version": 1, "namespaces": [] }',
  })
  t.match(many.out, /\n- … \d+ more lines\n/)
  t.match(await types('--check'), { code: 2, err: '--check needs --output' })
  t.match(await types('-o', 'none/api.d.ts'), { code: 2, err: /none.api\.d\.ts can not be written: ENOENT/ })
})

t.test('a package that is not installed is named, with the command that installs it', async (t) => {
  const error = await importPeer(() => import(String('not-installed')), 'not-installed', 'It needs').catch(
    (error) => error,
  )
  t.match(error, {
    exitCode: 2,
    message: 'It needs not-installed, which is not installed: npm install --save-dev not-installed',
  })
})

t.test('the AsyncAPI document of an app, of a manifest, and of a server', async (t) => {
  const cwd = t.testdir({
    'app.mjs': `import namespaces from 'fastify-namespaces'
      export default async (fastify) => {
        await fastify.register(namespaces, { document: { info: { title: 'Chat' } }, namespaces: { '/chat': {} } })
      }`,
  })
  const ofApp = await runCli(['asyncapi', 'app.mjs'], { cwd })
  t.match(JSON.parse(ofApp.out), { asyncapi: /^3/, info: { title: 'Chat' }, channels: { chat: { address: '/chat' } } })
  t.match((await runCli(['asyncapi', 'app.mjs', '--yaml'], { cwd })).out, /^asyncapi: 3\..*\ninfo:\n {2}title: Chat\n/)

  const ofManifest = await runCli(['asyncapi', '-'], { input: await manifest() })
  t.match(JSON.parse(ofManifest.out), { info: { title: 'Socket.IO namespaces' }, channels: { shapes: {} } })
  t.match((await runCli(['asyncapi', '-', '--yaml'], { input: await manifest() })).out, /^asyncapi: 3/)

  const server = await app({ document: {} })
  const url = `http://127.0.0.1:${await listen(server)}`
  t.strictSame(JSON.parse((await runCli(['asyncapi', `${url}/namespaces`])).out), JSON.parse(ofManifest.out))
  t.strictSame(
    JSON.parse((await runCli(['asyncapi', `${url}/namespaces/manifest.json?a=b`])).out),
    JSON.parse(ofManifest.out),
  )
  t.equal((await runCli(['asyncapi', `${url}/namespaces`, '--yaml'])).out, await server.asyncapi({ yaml: true }))
  t.match(await runCli(['asyncapi', `${url}/text?token=s3cret`]), {
    code: 2,
    err: /\/text\/asyncapi\.json is no JSON\n$/,
  })
  t.match(await runCli(['asyncapi', 'app.mjs', '-o', 'asyncapi.json', '--check'], { cwd }), { code: 1 })
})
