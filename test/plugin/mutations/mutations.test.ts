import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { ServerDescription } from '../../../plugin/definition/contract/description.js'
import { bundleSchema } from '../../../plugin/samples/bundle-schema.js'
import { createInvalidVariants } from '../../../plugin/samples/invalid-variants.js'
import { loadSampler } from '../../../plugin/samples/sampler.js'
import { createValidVariants } from '../../../plugin/samples/valid-variants.js'
import { type ContractOptions, checkContract } from '../../../plugin/testing.js'
import { runCli } from '../cli/cli-harness.js'
import { build } from '../harness.js'
import { CONSUMER } from './consumer.js'
import { createMutations, type Mutation } from './mutate.js'
import { createShop, exampleOf, type PartName, type Parts, SHOP, schemaOf } from './shop.js'

/*
 * One definition, every output: a change of one field of a schema changes each of them.
 */

// 40 apps, and a compiler.
t.setTimeout(600_000)

const COUNT = 40
const SEED = 16
// Its handler asks the client, and a contract check does not answer.
const OPTIONS: ContractOptions = { skip: { '/shop': ['price:get'] } }
const root = fileURLToPath(new URL('../../../', import.meta.url))
const sample = await loadSampler()

interface Shop {
  readonly app: FastifyInstance
  readonly description: ServerDescription
  /** What happens to a value of a part, as text. */
  tryValue(part: PartName, value: unknown): Promise<string>
}

async function openShop(t: Test, parts: Parts): Promise<Shop> {
  const outputs: Partial<Record<PartName, unknown>> = {}
  const app = await build(t, {
    limits: { eventsPerSecond: 0, joinsPerSecond: 0 },
    namespaces: { '/shop': createShop(parts, outputs) },
  })
  await app.ready()
  const client = await app.injectSocket('/shop', { auth: exampleOf(parts.auth) })
  let answer: unknown
  let announced: unknown
  client.on('price:ask', (reply: (value: unknown) => void) => reply(answer))
  client.on('order:new', (order: unknown) => {
    announced = order
  })
  let item: unknown
  client.on('namespace:item', (_id: string, value: unknown) => {
    item = value
  })

  /** The outcome of an event, without the ids of log lines. */
  async function outcome(event: string, ...args: unknown[]): Promise<unknown> {
    const ack = await client.emitWithAck(event, ...args)
    const isOwn = String(ack.error?.code).startsWith('FST_')
    return ack.ok ? ack.data : { code: ack.error.code, ...(!isOwn && { details: ack.error.details }) }
  }

  const ways: Record<PartName, (value: unknown) => Promise<unknown>> = {
    auth: async (auth) => {
      const joining = app.injectSocket('/shop', { auth: Object(auth) })
      return joining.then(
        async (socket) => {
          await socket.close()
          return 'joined'
        },
        ({ data, message }) => data?.code ?? message,
      )
    },
    payload: (payload) => outcome('order:place', payload),
    reply: () => outcome('order:place', exampleOf(parts.payload)),
    error: () => outcome('order:fail'),
    item: async () => [await outcome('order:tail', null, { id: 'one' }), item],
    emit: async () => [await outcome('order:announce'), announced],
    answer: async (value) => {
      answer = value
      return outcome('price:get')
    },
  }
  return {
    app,
    description: app.describeNamespaces(),
    async tryValue(part, value) {
      announced = undefined
      item = undefined
      outputs[part] = value
      const result = await ways[part](value)
      delete outputs[part]
      return JSON.stringify(result) ?? 'undefined'
    },
  }
}

/** Values of a part at the bounds of its schema, and beyond them. */
function valuesOf(parts: Parts, part: PartName): unknown[] {
  const bundle = bundleSchema(schemaOf(parts[part]))
  const full = exampleOf(parts[part])
  const variants = [...createValidVariants(bundle, full, sample), ...createInvalidVariants(bundle, full)]
  return [full, exampleOf(parts[part], false), ...variants.map(({ value }) => value)]
}

async function differsInValidation(old: Shop, fresh: Shop, { part, parts }: Mutation): Promise<boolean> {
  for (const value of [...valuesOf(SHOP, part), ...valuesOf(parts, part)]) {
    if ((await old.tryValue(part, value)) !== (await fresh.tryValue(part, value))) return true
  }
  return false
}

/** The claims of a contract check, each with whether it holds. */
async function claimsOf({ app }: Shop, parts: Parts, options: ContractOptions = {}): Promise<string[]> {
  const results = await checkContract(app, {
    ...OPTIONS,
    join: { '/shop': { auth: exampleOf(parts.auth) } },
    ...options,
  })
  return results.map(({ name, ok }) => `${name}: ${ok}`)
}

async function differsInContractTests(old: Shop, fresh: Shop, mutation: Mutation, claims: string[]): Promise<boolean> {
  const own = await claimsOf(fresh, mutation.parts)
  if (own.join() !== claims.join()) return true
  const consumers = [
    await claimsOf(fresh, SHOP, { manifest: old.description }),
    await claimsOf(old, mutation.parts, { manifest: fresh.description }),
  ]
  return consumers.flat().some((claim) => claim.endsWith(': false'))
}

/** The numbers of the folders whose file does not compile. */
async function compileAll(folder: string): Promise<Set<number>> {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: '/',
      lib: ['es2023', 'dom'],
      paths: { 'fastify-namespaces/client': [join(root, 'plugin/client.ts')] },
    },
    include: ['./*/*.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
  const command = ['-u', 'NODE_OPTIONS', process.execPath, join(root, 'node_modules/ts7/bin/tsc'), '-p', '.']
  const complaints = await promisify(execFile)('env', command, { cwd: folder, maxBuffer: 100_000_000 }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  )
  const failed = [...complaints.matchAll(/^(\d+)\/consumer\.ts\(/gm)].map(([, number]) => Number(number))
  const elsewhere = complaints.split('\n').filter((line) => /error TS/.test(line) && !/^\d+\/consumer\.ts\(/.test(line))
  t.strictSame(elsewhere, [], 'only consumers fail to compile')
  return new Set(failed)
}

t.test('a change of one field changes validation, types, document, manifest, diff and contract tests', async (t) => {
  const folder = t.testdir()
  const mutations = createMutations(COUNT, SEED)
  const old = await openShop(t, SHOP)
  const claims = await claimsOf(old, SHOP)
  t.notOk(
    claims.some((claim) => claim.endsWith(': false')),
    'the shop fulfils its own contract',
  )

  /** Writes the manifest and the types of a shop into a folder of its own; returns the texts of all outputs. */
  async function write(number: number, { description }: Shop) {
    const path = join(folder, String(number))
    const manifest = join(path, 'manifest.json')
    await mkdir(path)
    await writeFile(manifest, JSON.stringify(description))
    await writeFile(join(path, 'consumer.ts'), CONSUMER)
    const types = await runCli(['types', manifest])
    t.equal(types.code, 0, types.err)
    await writeFile(join(path, 'api.ts'), types.out)
    const document = await runCli(['asyncapi', manifest])
    t.equal(document.code, 0, document.err)
    const [{ hash } = { hash: '' }] = description.namespaces
    // The types without the hash: whether a consumer can see the change.
    return { manifest, hash, types: types.out, document: document.out }
  }

  const base = await write(0, old)
  const compiles: boolean[] = [true]
  for (const [index, mutation] of mutations.entries()) {
    await t.test(mutation.name, async (t) => {
      const fresh = await openShop(t, mutation.parts)
      const output = await write(index + 1, fresh)
      t.ok(await differsInValidation(old, fresh, mutation), 'validation')
      t.not(output.types, base.types, 'types')
      t.not(output.document, base.document, 'document')
      t.not(JSON.stringify(fresh.description), JSON.stringify(old.description), 'manifest')
      t.not(output.hash, base.hash, 'hash')
      const diff = await runCli(['diff', base.manifest, output.manifest, '--json'])
      t.ok(JSON.parse(diff.out).length > 0, 'diff')
      if (mutation.breaks !== undefined) t.equal(diff.code, mutation.breaks ? 1 : 0, `diff: ${diff.out}`)
      t.ok(await differsInContractTests(old, fresh, mutation, claims), 'contract tests')
    })
    compiles.push(mutation.compiles)
  }

  await t.test('a consumer of the old contract compiles exactly where the change does not concern it', async (t) => {
    const failed = await compileAll(folder)
    for (const [number, isExpected] of compiles.entries()) {
      const { name } = mutations[number - 1] ?? { name: 'the shop itself' }
      t.equal(!failed.has(number), isExpected, name)
    }
  })
})
