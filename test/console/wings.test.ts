import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import t from 'tap'

/** The wings of the page, in their order, and from which others each imports. The root imports from all of them. */
const WINGS: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  catalog: ['shared'],
  log: ['shared', 'catalog'],
  session: ['shared', 'catalog', 'log'],
  workbench: ['shared', 'catalog', 'log', 'session'],
  editor: ['shared', 'catalog'],
  views: ['shared', 'catalog', 'log', 'session', 'workbench', 'editor'],
}

/** The files of the root. `build/` runs in Node.js, and is none of the page. */
const ROOT = ['main']

/** What the page may import from plugin/ beside the client: nothing of a server. */
const OF_PLUGIN = [
  'cli/live/credentials',
  'cli/scenario/variables',
  'definition/contract/description',
  'schema/schema-ref',
  'shared/json-value',
]

const isOfBrowsers = (file: string) => /^client(\/|$)/.test(file) || OF_PLUGIN.includes(file)

/** Packages, and the wings that may import them, types included. */
const PACKAGES: readonly (readonly [name: RegExp, wings: readonly string[]])[] = [
  [/^lit(\/|$)/, ['editor', 'views']],
  [/^@(codemirror|lezer)\//, ['editor']],
  [/^socket\.io-client$/, ['session']],
  [/^(@cfworker\/json-schema|openapi-sampler)$/, ['catalog']],
]

/** Wings that run in Node.js, too, where they are tested. */
const WITHOUT_DOM = ['shared', 'catalog', 'log', 'session', 'workbench']
const DOM =
  /\bdocument\.(body|create|querySelector|title|addEvent|visibility|documentEl)|\b(window|localStorage|navigator)\.|\b(HTMLElement|customElements)\b/

const root = new URL('../../console/', import.meta.url)
const sources = new Map(
  await Promise.all(
    (await readdir(root, { recursive: true }))
      .filter((path) => path.endsWith('.ts') && !path.startsWith('build/'))
      .map(async (path) => [path.slice(0, -3), await readFile(new URL(path, root), 'utf8')] as const),
  ),
)
const files = [...sources.keys()].sort()

/** The wing of a file; undefined for one of the root. */
const wingOf = (file: string) => (file.includes('/') ? String(file.split('/')[0]) : undefined)

function specifiersOf(file: string): string[] {
  const found = String(sources.get(file)).matchAll(
    /^(?:import|export)\s[^;']*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...found].map(([, named, bare, dynamic]) => named ?? bare ?? dynamic ?? '')
}

/** The files that a file imports, relative to console/. */
const importsOf = (file: string) =>
  specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => join(dirname(file), specifier.replace(/\.js$/, '')))

t.test('every file is in a wing or a file of the root', async (t) => {
  for (const file of files) {
    const wing = wingOf(file)
    t.ok(wing ? wing in WINGS : ROOT.includes(file), file)
  }
})

t.test('a wing imports only from the wings before it, and few files of plugin/', async (t) => {
  for (const file of files) {
    const wing = wingOf(file)
    for (const imported of importsOf(file)) {
      if (imported.startsWith('../')) t.ok(isOfBrowsers(imported.replace('../plugin/', '')), `${file}: ${imported}`)
      else if (wing && wingOf(imported) !== wing)
        t.ok(WINGS[wing]?.includes(String(wingOf(imported))), `${file} may import ${imported}`)
    }
  }
})

t.test('a package is imported by its wing only', async (t) => {
  // Those of workbench/code/ write code that imports packages.
  for (const file of files.filter((file) => wingOf(file) && !file.startsWith('workbench/code/'))) {
    for (const specifier of specifiersOf(file).filter((specifier) => !specifier.startsWith('.'))) {
      const [, wings = []] = PACKAGES.find(([name]) => name.test(specifier)) ?? []
      t.ok(
        wings.some((wing) => file.startsWith(`${wing}/`)),
        `${file}: ${specifier}`,
      )
    }
  }
})

t.test('all wings but editor/ and views/ are free of the DOM', async (t) => {
  for (const [file, source] of sources)
    if (WITHOUT_DOM.includes(String(wingOf(file)))) t.notMatch(source.replace(/^\s*(\/\/|\/?\*).*$/gm, ''), DOM, file)
})

t.test('no file makes HTML or code of a text', async (t) => {
  for (const [file, source] of sources)
    t.notMatch(
      source,
      /\b(innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|unsafeStatic|eval|Function)\b\s*[(=]/,
      file,
    )
})

t.test('a file has at most 200 lines, a folder at most 14 files, and no two files have one name', async (t) => {
  for (const [file, source] of sources) t.ok(source.split('\n').length - 1 <= 200, file)
  for (const folder of new Set(files.map(dirname))) {
    const { length } = files.filter((file) => dirname(file) === folder)
    t.ok(length <= 14, `${folder} has ${length} files`)
  }
  const names = files.map((file) => basename(file))
  t.strictSame(
    names.filter((name, index) => names.indexOf(name) < index),
    [],
  )
})
