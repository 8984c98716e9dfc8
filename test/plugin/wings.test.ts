import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'

/** The house, from the ground up: a file imports only from strictly lower layers. docs/architecture.md holds its table. */
const LAYERS: readonly (readonly string[])[] = [
  [
    'binary',
    'compact',
    'data-type',
    'deadline',
    'dismissals',
    'error-log',
    'errors',
    'fastify-internals',
    'frame',
    'headers',
    'line',
    'lookalike-data',
    'memory-socket',
    'outline',
    'packet',
    'plain',
    'position',
    'quarantine',
    'redaction',
    'reference',
    'roster',
    'routing',
    'scope',
    'seam',
    'sequence',
    'server-options',
    'session-id',
    'target',
    'turn',
    'unasked',
    'upgrade-offer',
    'versions',
    'waits',
    'wording',
  ],
  [
    'answer',
    'binary-schema',
    'combination',
    'expiry',
    'idempotency',
    'instance',
    'limits',
    'middlewares',
    'name',
    'option-problem',
    'piece',
    'poll-headers',
    'raw',
    'recovery-budget',
    'schema',
    'server-option-check',
    'socket',
    'soundness',
    'user-id',
    'wire-error',
    'writer',
  ],
  [
    'address',
    'binary-value',
    'bounds',
    'draft',
    'emitting',
    'joining',
    'joins',
    'lane',
    'memory-store',
    'middleware-error',
    'projection',
    'rated-log',
    'recovery-settings',
    'refusal',
    'refusal-packet',
    'relay',
    'request',
    'session-request',
    'upgrade',
  ],
  ['handler-context', 'lanes', 'lookalike', 'oversize', 'pending-joins', 'rates', 'strangers', 'users'],
  ['definition'],
  [
    'ask',
    'backlog',
    'broadcast-acks',
    'children',
    'codec',
    'compiled-schema',
    'drain',
    'hooks',
    'inbox',
    'inference',
    'kept-ack',
    'listeners',
    'options',
    'origin',
    'reading',
    'sent',
    'sessions',
  ],
  [
    'ack',
    'any-listeners',
    'client-socket',
    'compilers',
    'connect-packet',
    'event-definition',
    'handshake-advice',
    'idempotency-reading',
    'packet-rates',
    'recovery',
    'route-options',
    'stock-client',
    'upgrades',
  ],
  ['abilities', 'attach', 'connect', 'handshake', 'intake', 'normal-form', 'recovery-options'],
  ['connect-route', 'contract', 'decision'],
  ['emit-check', 'registry', 'socket-emit'],
  ['adapter-guard', 'admission', 'audience', 'emit', 'identity', 'readmission', 'verdict'],
  ['context', 'entrance'],
  ['event-life'],
  ['arrival', 'once'],
  ['desk', 'passage', 'queue'],
  ['listening', 'steps'],
  ['dispatch', 'gate'],
  ['containment', 'inject', 'life', 'print', 'reach'],
  ['mount', 'user-reach'],
  ['decorators'],
  ['client', 'plugin'],
  ['index'],
]

/** Packages that one file alone may import. */
const SOLE_IMPORTERS: Record<string, string> = {
  '@fastify/error': 'errors',
  'fastify-plugin': 'index',
  'fastify-socket.io': 'attach',
  ajv: 'options',
  'find-my-way': 'address',
  'socket.io-adapter': 'recovery',
}

const FORBIDDEN_NAMES = ['utils', 'helpers', 'types', 'constants']

const house = new URL('../../plugin/', import.meta.url)
const files = (await readdir(house)).map((file) => file.replace(/\.ts$/, ''))
const sources = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(new URL(`${file}.ts`, house), 'utf8')] as const)),
)
const layerOf = new Map(LAYERS.flatMap((names, layer) => names.map((name) => [name, layer] as const)))

function importsOf(source: string): string[] {
  return [...source.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)'|import\('([^']+)'\)/gm)].map(
    ([, named, dynamic]) => named ?? dynamic ?? '',
  )
}

t.test('every file has a layer, and every layer its files', async (t) => {
  t.strictSame(files.sort(), [...layerOf.keys()].sort())
  for (const name of FORBIDDEN_NAMES) t.notOk(files.includes(name), name)
})

t.test('a file imports only from strictly lower layers', async (t) => {
  for (const [file, source] of sources) {
    for (const imported of importsOf(source).filter((name) => name.startsWith('./'))) {
      const target = imported.slice(2).replace(/\.js$/, '')
      t.ok(Number(layerOf.get(target)) < Number(layerOf.get(file)), `${file} imports ${target}`)
    }
  }
})

t.test('some packages are known to one file only', async (t) => {
  for (const [name, owner] of Object.entries(SOLE_IMPORTERS)) {
    const importers = [...sources].filter(([, source]) => importsOf(source).includes(name)).map(([file]) => file)
    t.strictSame(importers, [owner], name)
  }
})

t.test('socket.io-client is imported as types, and by `inject` when a test asks for it', async (t) => {
  for (const [file, source] of sources) {
    t.notMatch(source, /^(import|export) (?!type ).*'socket\.io-client'/m, file)
    const importsTypes = /^import type .*'socket\.io-client'/m.test(source)
    t.equal(importsTypes, ['client-socket', 'inject', 'stock-client'].includes(file), `${file} and its types`)
    t.equal(source.includes("import('socket.io-client')"), file === 'inject', `${file} and the client`)
  }
})

t.test('the house in docs/architecture.md is this one', async (t) => {
  const page = await readFile(new URL('../../docs/architecture.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (\d+)[^|]*\| (`[^|]+`) \|/gm)]
  const drawn = new Map(
    rows.flatMap(([, layer, names]) =>
      [...String(names).matchAll(/`([\w-]+)`/g)].map(([, name]) => [name, Number(layer)]),
    ),
  )
  t.strictSame(Object.fromEntries([...drawn].sort()), Object.fromEntries([...layerOf].sort()))
})

t.test('files stay short', async (t) => {
  for (const [file, source] of sources) t.ok(source.split('\n').length <= 200, `${file} has at most 200 lines`)
})
