import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'

interface Wing {
  /** The wings that its files may import from. */
  readonly imports: readonly string[]
  /** The files that other wings may import; every file where there is no list. */
  readonly door?: readonly string[]
}

/** The order of the wings: a wing imports from those named here, and only through their doors. docs/architecture.md draws it. */
const WINGS: Readonly<Record<string, Wing>> = {
  shared: { imports: [] },
  schema: {
    imports: ['shared'],
    door: [
      'binary/binary-keyword',
      'binary/binary-value',
      'certain-to-compile',
      'compile',
      'fastify-compilers',
      'json-schema',
      'schema',
      'schema-ref',
      'stringify',
    ],
  },
  samples: {
    imports: ['shared', 'schema'],
    door: ['bundle-schema', 'invalid-variants', 'sampler', 'schema-fit', 'schema-places', 'valid-variants'],
  },
  definition: {
    imports: ['shared', 'schema'],
    door: [
      'adapters/adapter-options',
      'adapters/adapter-types',
      'adapters/drain-options',
      'any-definition',
      'client-types',
      'compile-contract',
      'context-types',
      'contract/ack-envelope',
      'contract/define-contract',
      'contract/describe-definition',
      'contract/description',
      'contract/document-types',
      'contract/print-namespaces',
      'contract/hash-of-contract',
      'contract/types-of',
      'data-type',
      'define-event',
      'define-namespace',
      'emit-types',
      'events/event-definition',
      'events/retain-options',
      'feed-types',
      'idempotency',
      'join-types',
      'memory/memory-store',
      'namespace-definition',
      'namespace-name',
      'normalize/document-options',
      'normalize/event-hooks',
      'normalize/normalize-definition',
      'normalize/option-rules',
      'normalize/plugin-options',
      'normalize/reserved-events',
      'normalize/route-rules',
      'outbox/emit-outbox',
      'rooms/read-rooms',
      'rooms/room-definition',
      'rooms/room-events',
      'rooms/room-name',
      'rooms/room-pattern',
      'rooms/room-types',
      'presence/presence-emits',
      'presence/presence-options',
      'presence/presence-types',
      'presence/read-presence',
      'user-id',
    ],
  },
  wire: {
    imports: ['shared'],
    door: [
      'connection-state',
      'connect-error-packet',
      'discard-connection',
      'encode-emit',
      'event-receivers',
      'fast/compact-listeners',
      'fast/fast-path',
      'fast/ws-engine',
      'packet-codec',
      'packet-limits',
      'packet-text',
      'read-batch',
      'sever-connection',
      'slow-reader',
      'socket-io-packages',
      'waiting/emit-queues',
      'write-batch',
    ],
  },
  adapters: {
    imports: ['shared', 'definition', 'wire'],
    door: [
      'cluster/cluster-primary',
      'create-adapter',
      'page-size',
      'permanent-failure',
      'postgres/postgres-connection',
      'postgres/postgres-pool',
      'postgres/postgres-tables',
      'postgres/statement-name',
      'redis/kept-link',
      'redis/load-client',
      'redis/redis-failure',
      'redis/redis-link',
    ],
  },
  stores: {
    imports: ['shared', 'definition', 'adapters'],
    door: ['outbox/postgres-outbox', 'postgres-store', 'redis-store', 'store-options'],
  },
  engine: {
    imports: ['shared', 'definition', 'wire'],
    door: [
      'check-instance',
      'dismissed-users',
      'handshake-route',
      'http/captured-response',
      'http/connect-request',
      'http/detached-request',
      'http/fastify-routing',
      'http/handshake-request',
      'http/raw-connect',
      'http/redacted-logs',
      'http/socket-state',
      'origin-policy',
      'oversize-log',
      'releasing-map',
      'server-listeners',
      'socket-io-server',
    ],
  },
  joining: {
    imports: ['shared', 'schema', 'definition', 'wire', 'engine'],
    door: [
      'admission',
      'ask-connect-route',
      'connect-packet',
      'contract-difference',
      'expiry',
      'join-decision',
      'namespaces/dynamic-namespaces',
      'namespaces/namespace-router',
      'namespaces/registry',
      'namespaces/unknown-namespaces',
      'packet-rates',
      'reauthenticate',
      'request-users',
      'sessions/session-claims',
      'sessions/session-owner',
    ],
  },
  events: {
    imports: ['shared', 'schema', 'definition', 'wire', 'engine'],
    door: [
      'ack',
      'any-listeners',
      'dispatch',
      'emits/audience',
      'emits/broadcast-acks',
      'emits/check-emit',
      'emits/emit-prototype',
      'event-handle',
      'event-run',
      'gate/event-gate',
      'gate/event-rates',
      'gate/gate-rules',
      'gate/in-flight',
      'gate/socket-gate',
      'gate/socket-middlewares',
      'once/open-stores',
      'rooms/room-targets',
      'rooms/socket-rooms',
      'socket-context',
      'stream/stream-gate',
    ],
  },
  presence: {
    imports: ['shared', 'schema', 'definition', 'wire'],
    door: ['present-sockets', 'presence-peers'],
  },
  sockets: {
    imports: ['shared', 'schema', 'definition', 'wire', 'engine', 'joining', 'events', 'presence'],
    door: [
      'adapter-features',
      'adapter-guard',
      'disconnect-notice',
      'guard/adapter-constructor',
      'identities',
      'join-server',
      'lifecycle',
      'mount',
      'namespace-of',
      'nodes/cold-operator',
      'nodes/other-nodes',
      'outbox/open-outbox',
      'prepare-socket',
      'recovery/keep-session',
      'recovery/recovery-options',
      'retained/retained-places',
      'user-of',
    ],
  },
  testing: {
    imports: ['shared', 'schema', 'samples', 'definition', 'joining'],
    door: ['contract/check-contract', 'contract/contract-results', 'inject-socket', 'load-inject-socket'],
  },
  conformance: {
    imports: ['definition'],
    door: ['check', 'conformance-node', 'local-node', 'node-process', 'room-application', 'run-conformance'],
  },
  client: { imports: ['schema', 'definition'] },
  document: {
    imports: ['shared', 'schema', 'definition'],
    door: ['create-document', 'document-of', 'routes/document-routes', 'routes/text-route'],
  },
  console: { imports: ['shared', 'definition', 'document'], door: ['console-options', 'create-console'] },
  cli: { imports: ['shared', 'schema', 'samples', 'definition', 'document'], door: ['program', 'terminal'] },
}

/** The files of the root: the public surface, and what puts the wings together. */
const ROOT = [
  'cli', // the command of package.json
  'client',
  'cluster',
  'conformance',
  'console',
  'contract',
  'decorate',
  'decorators',
  'index',
  'plugin',
  'react',
  'server-closing', // takes them apart
  'stores',
  'testing',
]

/** Packages that these files alone may import, types included. */
const SOLE_IMPORTERS: Readonly<Record<string, string | readonly string[]>> = {
  '@fastify/error': [
    'adapters/broker-errors',
    'console/console-errors',
    'shared/errors',
    'shared/errors/idempotency-errors',
    'shared/errors/outbox-errors',
    'shared/errors/presence-errors',
    'shared/errors/room-errors',
    'shared/errors/stream-errors',
    'shared/errors/test-errors',
  ],
  '@fastify/static': 'console/page-files',
  'fastify-plugin': ['console', 'index'],
  'fastify-socket.io': 'engine/socket-io-server',
  'find-my-way': 'joining/namespaces/namespace-router',
}

const FORBIDDEN_NAMES = ['utils', 'helpers', 'types', 'constants']

const root = new URL('../../', import.meta.url)
const sources = new Map(
  await Promise.all(
    (await readdir(new URL('plugin/', root), { recursive: true }))
      .filter((path) => path.endsWith('.ts'))
      .map(async (path) => [path.slice(0, -3), await readFile(new URL(`plugin/${path}`, root), 'utf8')] as const),
  ),
)
const files = [...sources.keys()].sort()

/** The wing of a file; undefined for one of the root. */
const wingOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined)

function specifiersOf(file: string): string[] {
  const imports = String(sources.get(file)).matchAll(
    /^(?:import|export)\s[^;']*?from '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...imports].map(([, named, dynamic]) => named ?? dynamic ?? '')
}

/** The files of plugin/ that a file imports. */
function importsOf(file: string): string[] {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.') && specifier.endsWith('.js'))
    .map((specifier) => join(dirname(file), specifier).slice(0, -'.js'.length))
    .filter((path) => sources.has(path))
}

t.test('every file is in a wing or a file of the root', async (t) => {
  const wings = new Set(files.map(wingOf).filter((wing) => wing !== undefined))
  t.strictSame([...wings].sort(), Object.keys(WINGS).sort())
  t.strictSame(
    files.filter((file) => !wingOf(file)),
    ROOT,
  )
  for (const file of files)
    t.notOk(FORBIDDEN_NAMES.includes(String(file.split('/').at(-1))), `${file} says what is in it`)
})

t.test('a wing imports only from the wings before it, and through their doors', async (t) => {
  for (const file of files) {
    const wing = wingOf(file)
    for (const imported of importsOf(file)) {
      const other = wingOf(imported)
      if (other === wing) continue
      if (!other) t.fail(`${file} imports ${imported} of the root`)
      else {
        if (wing) t.ok(WINGS[wing]?.imports.includes(other), `${file} may import from ${other}`)
        const door = WINGS[other]?.door
        if (door)
          t.ok(door.includes(imported.slice(other.length + 1)), `${imported} is in the door of its wing, for ${file}`)
      }
    }
  }
})

t.test('a door has no file that no other wing imports', async (t) => {
  for (const [wing, { door = [] }] of Object.entries(WINGS)) {
    for (const name of door) {
      const isUsed = files.some((file) => wingOf(file) !== wing && importsOf(file).includes(`${wing}/${name}`))
      t.ok(isUsed, `${wing}/${name}`)
    }
  }
})

t.test('only the entries of the package re-export', async (t) => {
  for (const [file, source] of sources) {
    const isEntry = ['client', 'conformance', 'console', 'contract', 'index', 'react', 'stores', 'testing'].includes(
      file,
    )
    t.ok(isEntry || !/^export [^;']*? from '/m.test(source), file)
  }
})

t.test('what front ends import is nothing of Fastify or of a server, not even a type', async (t) => {
  for (const entry of ['client', 'contract', 'react']) {
    const reached = new Set([entry])
    for (const file of reached) for (const imported of importsOf(file)) reached.add(imported)
    const found = [...reached].filter((file) =>
      specifiersOf(file).some((specifier) => /^(fastify|socket\.io|@fastify\/.*)$/.test(specifier)),
    )
    t.strictSame(found, [], entry)
  }
})

t.test('no file imports itself through others', async (t) => {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) t.fail([...path, file].join(' -> '))
    if (done.has(file) || path.includes(file)) return
    for (const imported of importsOf(file)) visit(imported, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.equal(done.size, files.length)
})

t.test('some packages are imported by one file only', async (t) => {
  for (const [name, owner] of Object.entries(SOLE_IMPORTERS)) {
    t.strictSame(
      files.filter((file) => specifiersOf(file).includes(name)),
      [owner].flat(),
      name,
    )
  }
})

t.test('shared/ and schema/ import Fastify and Socket.IO as types only', async (t) => {
  for (const file of files.filter((file) => /^(shared|schema)\//.test(file)))
    t.notMatch(sources.get(file), /^(import|export) (?!type )[^;']*?from '(fastify|socket\.io)[^']*'/m, file)
})

t.test(
  'socket.io-client is imported by client/, elsewhere as types, and loaded by testing/, conformance/ and cli/',
  async (t) => {
    for (const [file, source] of sources) {
      if (file !== 'client/joins/connection')
        t.notMatch(source, /^(import|export) (?!type ).*'socket\.io-client'/m, file)
      const importsTypes = /^import type .*'socket\.io-client'/m.test(source)
      const mayHaveTypes =
        file === 'definition/client-types' || ['cli', 'client', 'conformance', 'testing'].includes(String(wingOf(file)))
      t.ok(!importsTypes || mayHaveTypes, `${file} and its types`)
      const mayLoad = ['cli/live/server-connection', 'conformance/suite-client', 'testing/inject-socket'].includes(file)
      t.equal(source.includes("import('socket.io-client')"), mayLoad, `${file} and the client`)
    }
  },
)

t.test('what injectSocket needs is loaded by its first call', async (t) => {
  for (const [file, source] of sources) {
    const statics = [...source.matchAll(/^(?:import|export) (?!type )[^;']*?from '([^']*\/testing\/[^']+)'/gm)]
    const expected = file === 'plugin' ? ['./testing/load-inject-socket.js'] : []
    t.strictSame(
      statics.map(([, specifier]) => specifier),
      expected,
      file,
    )
  }
  const loader = 'testing/load-inject-socket'
  t.notMatch(sources.get(loader), /^import (?!type )/m)
  t.match(sources.get(loader), "import('./inject-socket.js')")
})

t.test('the exports of package.json are built from a file of the root each', async (t) => {
  const { bin, exports } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
  const config = await readFile(new URL('tsdown.config.ts', root), 'utf8')
  const entries = Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => (path === '.' ? 'index' : path.slice('./'.length)))
  // The last one is the command.
  const [, built = ''] = /entry: \[([^\]]*)\]/.exec(config) ?? []
  t.strictSame(
    [...built.matchAll(/'plugin\/(\w+)\.ts'/g)].map(([, entry]) => entry),
    [...entries, 'cli'],
  )
  t.strictSame(bin, { 'fastify-namespaces': 'dist/cli.js' })
  for (const entry of entries) {
    t.ok(ROOT.includes(entry), entry)
    const { types, default: code } = exports[entry === 'index' ? '.' : `./${entry}`]
    t.strictSame([types, code], [`./dist/${entry}.d.ts`, `./dist/${entry}.js`])
  }
})

t.test('docs/architecture.md has a line for each wing, with its imports and its door', async (t) => {
  const page = await readFile(new URL('docs/architecture.md', root), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)\/` \|[^|]*\|([^|]*)\|([^|]*)\|$/gm)]
  const namesIn = (cell = '') => [...cell.matchAll(/`([\w/-]+)`/g)].map(([, name]) => String(name)).sort()
  const drawn = Object.fromEntries(rows.map(([, wing, imports, door]) => [wing, [namesIn(imports), namesIn(door)]]))
  const held = Object.entries(WINGS).map(([wing, { imports, door = [] }]) => [
    wing,
    [[...imports].sort(), [...door].sort()],
  ])
  t.strictSame(drawn, Object.fromEntries(held))
})

t.test('a name of a type is declared once in plugin/', async (t) => {
  const owners = new Map<string, string[]>()
  for (const [file, source] of sources) {
    for (const [, name = ''] of source.matchAll(
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/gm,
    ))
      owners.set(name, [...(owners.get(name) ?? []), file])
  }
  t.strictSame(
    [...owners].filter(([, files]) => files.length > 1),
    [],
  )
})

t.test('a file has at most 200 lines, half of them at most 100, and a folder has at most 14 files', async (t) => {
  const lengths = [...sources].map(([file, source]) => [file, source.split('\n').length - 1] as const)
  for (const [file, length] of lengths) t.ok(length <= 200, `${file} has ${length} lines`)
  const median = lengths.map(([, length]) => length).sort((a, b) => a - b)[lengths.length >> 1]
  t.ok(Number(median) <= 100, `the median is ${median}`)
  const folders = new Map(
    files.map((file) => [dirname(file), files.filter((other) => dirname(other) === dirname(file))]),
  )
  for (const [folder, { length }] of folders) t.ok(length <= 14, `${folder} has ${length} files`)
})
