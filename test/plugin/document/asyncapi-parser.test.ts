import { readdir, readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'
import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { chat } from '../../../examples/chat.js'
import { createClock } from '../../../examples/clock.js'
import { presence } from '../../../examples/presence.js'
import { DOCUMENT_DEFAULTS } from '../../../plugin/definition/normalize/document-options.js'
import { publish } from '../../../plugin/document/published.js'
import { renderDocument } from '../../../plugin/document/render-document.js'
import namespaces, { type AsyncApiDocument } from '../../../plugin/index.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'
import { silence } from '../schema-harness.js'
import { type Application, application, declare } from './applications.js'

/*
 * Every document is valid for the parser of AsyncAPI, without a warning. The parser takes most of a second for the smallest
 * document: so the 1,000 applications are parsed together, 40 at a time, and a few alone. All of it takes about 45 seconds of
 * CPU. SEED=… has other applications.
 */

// The parser is slow beside other tests.
t.setTimeout(600_000)

const APPLICATIONS = 1_000
const TOGETHER = 40
const ALONE = 10
const SEED = Number(process.env.SEED ?? 16)

const parser = new Parser()

/** What the parser has to say, in one line each. */
async function complaintsOf(document: AsyncApiDocument): Promise<string[]> {
  const found = await parser.validate(JSON.stringify(document))
  return found.map(({ code, message, path }) => `${code} ${message} ${path.join('.')}`)
}

/** The references of a document that lead nowhere. */
function brokenReferences(document: AsyncApiDocument): string[] {
  const broken: string[] = []
  JSON.stringify(document, (key, value) => {
    if (key === '$ref' && typeof value === 'string') {
      const steps = value
        .slice(2)
        .split('/')
        .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
      const target = steps.reduce<unknown>(
        (at, step) => (Object.hasOwn(Object(at), step) ? Object(at)[step] : undefined),
        document,
      )
      if (!value.startsWith('#/') || target === undefined) broken.push(value)
    }
    return value
  })
  return broken
}

t.test('the document of every example is valid', async (t) => {
  const names = (await readdir(new URL('../../../examples/', import.meta.url), { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !name.includes('node_modules'),
  )
  const servers: [string, () => Promise<FastifyInstance>][] = [
    [
      'chat.ts, clock.ts, presence.ts',
      async () => {
        const app = Fastify()
        await app.register(namespaces, { namespaces: { '/': presence, '/chat': chat, '/clock': createClock() } })
        return app
      },
    ],
  ]
  // Listens when it is imported.
  process.env.PORT = '0'
  servers.push(['quick-start.ts', async () => (await import('../../../examples/quick-start.js')).app])
  for (const name of names.sort()) {
    const url = new URL(`../../../examples/${name}`, import.meta.url)
    if (!/export async function buildServer/.test(await readFile(url, 'utf8'))) continue
    const needsPostgres = name === 'order-transaction.ts'
    if (needsPostgres && !(await hasPostgres())) continue
    // That of examples/typed-client takes the folder of its front end.
    const given = needsPostgres ? (await startPostgres(t)).url() : t.testdir()
    servers.push([name, async () => (await import(url.href)).buildServer(given)])
  }
  t.ok(servers.length > 8)
  for (const [name, serve] of servers) {
    const app = await serve()
    t.teardown(() => app.close())
    await app.ready()
    t.strictSame(await complaintsOf(app.asyncapi()), [], name)
    t.ok(Object.keys(app.asyncapi().operations).length > 0, name)
  }
})

t.test(`the documents of ${APPLICATIONS} random applications are valid`, async (t) => {
  silence(t)
  const applications = fc.sample(application, { numRuns: APPLICATIONS, seed: SEED })
  for (let start = 0; start < applications.length; start += TOGETHER) {
    const batch = applications.slice(start, start + TOGETHER)
    const described = await Promise.all(batch.map(async (each) => (await declare(each)).describeNamespaces()))
    const documents = described.map((each) => renderDocument(publish(each, {}), DOCUMENT_DEFAULTS))
    const together = described.flatMap(({ namespaces }, index) =>
      namespaces.map((namespace) => ({ ...namespace, name: `/app-${index}${namespace.name}` })),
    )
    const complaints = await complaintsOf(
      renderDocument(publish({ version: 1, path: '/', namespaces: together }, {}), DOCUMENT_DEFAULTS),
    )
    for (const [index, document] of documents.entries()) {
      const broken = brokenReferences(document)
      const isAlone = complaints.length > 0 || (start + index) % (APPLICATIONS / ALONE) === 0
      const alone = isAlone ? await complaintsOf(document) : []
      if (broken.length + alone.length === 0) continue
      t.comment(JSON.stringify(batch[index] satisfies Application | undefined))
      t.strictSame([...broken, ...alone], [], `application ${start + index} of seed ${SEED}`)
    }
    t.strictSame(complaints, [], `applications ${start} to ${start + batch.length - 1}`)
  }
})
