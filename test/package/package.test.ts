import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { cjs, esm, fast, service, tsconfig, typedClient, typedServer } from './apps.js'
import { bin, files, module, root, run, tarball, temp } from './packed.js'

t.setTimeout(600_000)

const packageJson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const dist = async (file: string) => await readFile(join(root, 'dist', file), 'utf8')

t.test('the tarball has the build, its documents and its sources, and nothing else', async (t) => {
  const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
  const folders = ['console', 'docs', 'examples', 'plugin'].map(async (folder) =>
    (await readdir(join(root, folder), { recursive: true }))
      .filter((file) => /\.\w+$/.test(file) && !file.startsWith('typed-client/dist/')) // the rest are folders
      .map((file) => `${folder}/${file}`),
  )
  papers.push(
    'bench/NOTES.md',
    'bench/chaos/README.md',
    'bench/presence/README.md',
    'bench/README.md',
    'bench/results/latest.html',
    ...(await Promise.all(folders)).flat(),
  )
  const built = [
    'THIRD-PARTY-LICENSES.txt',
    ...['client', 'cluster', 'conformance', 'console', 'contract', 'index', 'react', 'stores', 'testing'].flatMap(
      (entry) => [`${entry}.d.ts`, `${entry}.js`],
    ),
  ]
  const page = ['favicon.svg', 'index.html', 'main.js', 'style.css'].flatMap((file) => [
    file,
    `${file}.br`,
    `${file}.gz`,
  ])
  built.push(...[...page, 'THIRD-PARTY-LICENSES.txt'].map((file) => `console/${file}`))
  const expected = [...papers, ...built.map((file) => `dist/${file}`)]
  const paths = files.map(({ path }) => path)
  t.same(paths.filter((path) => expected.includes(path)).sort(), expected.sort())
  // Code that the entries share, or that is loaded on demand, is in files that the bundler names; so is that of the console.
  const others = paths.filter((path) => !expected.includes(path))
  t.same(
    others.filter((path) => !/^dist\/([\w-]+\.(js|d\.ts)|console\/[\w-]+\.js(\.br|\.gz)?)$/.test(path)),
    [],
  )
})

t.test('every relative link of its pages leads to a page of the package, and to a heading that exists', async (t) => {
  const folder = join(temp, 'unpacked')
  await mkdir(folder)
  await run(folder, 'tar', '-xzf', tarball, '--strip-components=1')
  const pages = files.map(({ path }) => path).filter((path) => path.endsWith('.md'))
  t.ok(pages.includes('README.md') && pages.includes('docs/events.md'))
  for (const page of pages) {
    const text = withoutCode(await readFile(join(folder, page), 'utf8'))
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', heading] = link.split('#')
      const target = path === '' ? page : posix.join(posix.dirname(page), path)
      const entry = await stat(join(folder, target)).catch(() => undefined)
      t.ok(entry, `${page}: ${link}`)
      if (heading === undefined || !entry) continue
      t.ok(headingsOf(await readFile(join(folder, target), 'utf8')).includes(heading), `${page}: ${link}`)
    }
  }
})

function withoutCode(page: string): string {
  return page.replace(/^```.*?^```/gms, '')
}

/** The anchors of a page's headings, as Markdown renderers make them. */
function headingsOf(page: string): string[] {
  const headings = withoutCode(page).matchAll(/^#+ (.*)$/gm)
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

t.test('compiled-in code comes with its complete licence, and is no dependency', async (t) => {
  const licence = await readFile(module('fastify-socket.io/LICENSE'), 'utf8')
  const licences = await dist('THIRD-PARTY-LICENSES.txt')
  t.ok(licences.includes(licence))
  t.match(licences, /Copyright \(c\) 2023 Alessandro Magionami/)
  t.notOk('fastify-socket.io' in { ...packageJson.dependencies, ...packageJson.peerDependencies })
})

t.test('the bundle imports only declared dependencies, and requires nothing', async (t) => {
  const built = (await readdir(join(root, 'dist'))).filter((file) => file.endsWith('.js'))
  const written = (await Promise.all(built.map(dist))).join('\n')
  // Without the examples in comments.
  const code = written.replaceAll(/^\s*\*.*$/gm, '')
  const declared = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.peerDependencies)]
  for (const [, name = ''] of code.matchAll(/^(?:import|export) .*?from "(?!node:)(.*)";$/gm))
    t.ok(name.startsWith('./') || declared.some((known) => name === known || name.startsWith(`${known}/`)), name)
  // Packages are resolved for the copies that socket.io has; in a bundle those are not looked for.
  const required = [...code.matchAll(/createRequire\(.*/g)].map(([call]) => call)
  t.strictSame(required, ['createRequire(base);', 'createRequire(require.resolve("socket.io"))(name);'])
  // What is loaded on demand: files of ours, the app file of the command line, and packages of which most are optional.
  const imported = [...code.matchAll(/\bimport\((.*?)\)/g)].map(([, name = '']) => name.replaceAll('"', ''))
  const others = new Set(imported.filter((name) => !name.startsWith('./')))
  t.strictSame([...others].sort(), [
    ...['@fastify/static', 'fastify', 'ioredis', 'json-schema-to-typescript', 'openapi-sampler', 'pathToFileURL(path'],
    ...['pg', 'redis', 'socket.io-client', 'yaml'],
  ])
  for (const name of others) t.ok(declared.includes(name) || name === 'pathToFileURL(path', name)
})

t.test('the types extend Fastify, and name nothing that is compiled in', async (t) => {
  t.match(await dist('index.d.ts'), /declare module 'fastify' \{\s*interface FastifyInstance extends Decorators \{/)
  const declarations = (await readdir(join(root, 'dist'))).filter((file) => file.endsWith('.d.ts'))
  for (const file of declarations) t.notMatch(await dist(file), /fastify-socket\.io/, file)
})

t.test('the package has no install script', async (t) => {
  const scripts = Object.keys(packageJson.scripts)
  t.same(
    scripts.filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
    [],
  )
})

t.test('publint finds nothing wrong', async () => {
  await run(temp, bin('publint'), 'run', tarball, '--strict')
})

t.test('attw finds nothing wrong with an ESM-only package', async () => {
  await run(temp, bin('attw'), tarball, '--profile', 'esm-only')
})

// npm asks the registry for the newest version; pnpm takes what is stored.
const managers = {
  npm: ['npm', 'install', '--no-audit', '--no-fund'],
  pnpm: [bin('pnpm'), 'add', '--prefer-offline', '--reporter=append-only'],
} as const

for (const [manager, [program, ...args]] of Object.entries(managers)) {
  t.test(`in an empty folder, by ${manager}`, async (t) => {
    const folder = join(temp, manager)
    await mkdir(folder)

    await t.test('the package installs beside fastify and socket.io without a warning about it', async (t) => {
      const { stdout, stderr } = await run(folder, program, ...args, tarball, 'fastify', 'socket.io')
      const complaints = `${stdout}${stderr}`.split('\n').filter((line) => /warn|error|peer/i.test(line))
      t.same(
        complaints.filter((line) => /ERESOLVE|peer|fastify-namespaces|fastify-socket\.io/i.test(line)),
        [],
      )
      t.notOk((await readdir(join(folder, 'node_modules'))).includes('fastify-socket.io'))
    })

    await run(folder, program, ...args, '@types/node@20')
    await t.test('a typed server compiles without socket.io-client, libraries included', async () => {
      await writeFile(join(folder, 'tsconfig.json'), tsconfig)
      await writeFile(join(folder, 'server.mts'), typedServer)
      await run(folder, process.execPath, module('ts7/bin/tsc'))
    })

    await run(folder, program, ...args, 'socket.io-client')

    await t.test('an ES module registers the plugin and greets a client', async (t) => {
      await writeFile(join(folder, 'app.mjs'), esm)
      t.equal((await run(folder, process.execPath, 'app.mjs')).stdout, 'Hello everyone!\n')
    })

    await t.test('the command reads an app, and says what it needs', async (t) => {
      await writeFile(join(folder, 'service.mjs'), service)
      const command = join(folder, 'node_modules/.bin/fastify-namespaces')
      const cli = (...args: string[]) => run(folder, command, ...args)
      t.equal((await cli('print', 'service.mjs')).stdout, '/\n└── chat (events echo)\n')
      t.match((await cli('asyncapi', 'service.mjs', '--yaml')).stdout, /^asyncapi: 3/)
      t.equal((await cli('diff', 'service.mjs', 'service.mjs')).stdout, 'No changes\n')
      await t.rejects(cli('types', 'service.mjs'), { message: /npm install --save-dev json-schema-to-typescript/ })
      await run(folder, program, ...args, 'json-schema-to-typescript')
      t.match((await cli('types', 'service.mjs')).stdout, /DescribedNamespace<Described\['\/chat'\]>/)
    })

    await t.test('an example runs where it is installed', async (t) => {
      const tsx = pathToFileURL(module('tsx/dist/loader.mjs')).href
      const example = 'node_modules/fastify-namespaces/examples/testing.ts'
      t.match((await run(folder, process.execPath, '--import', tsx, example)).stdout, /pass 2\n/)
    })

    await t.test(
      'with the newest dependencies in range the fast path is open, and a validated echo uses it',
      async (t) => {
        await writeFile(join(folder, 'fast.mjs'), fast)
        const { log, isLaned, isPassedBy, acks } = JSON.parse((await run(folder, process.execPath, 'fast.mjs')).stdout)
        t.strictSame(log, [], 'the log has no word of it being off')
        t.ok(isLaned)
        t.ok(isPassedBy, 'no emitter below has emitted the event')
        t.match(acks, [
          { ok: true, data: { text: 'hi' } },
          { ok: false, error: { code: 'FST_NSP_EVENT_INVALID' } },
        ])
      },
    )

    await t.test('a CommonJS module registers what require() returns and greets a client', async (t) => {
      await writeFile(join(folder, 'app.cjs'), cjs)
      t.equal((await run(folder, process.execPath, 'app.cjs')).stdout, 'Hello everyone!\n')
    })
  })
}

/** Bundles `fast.mjs` of a folder into a file of another. */
const bundlers = {
  'esbuild, minified': (from: string, to: string) => {
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"
    const options = ['--bundle', '--minify', '--platform=node', '--format=esm', `--banner:js=${banner}`]
    return run(from, bin('esbuild'), 'fast.mjs', ...options, `--outfile=${join(to, 'index.mjs')}`, '--log-level=error')
  },
  'ncc, minified': async (from: string, to: string) => {
    await run(from, bin('ncc'), 'build', 'fast.mjs', '--minify', '--out', to)
  },
}

for (const [bundler, bundle] of Object.entries(bundlers)) {
  t.test(`an application bundled by ${bundler} runs without node_modules, on the fast path`, async (t) => {
    const folder = await mkdtemp(join(temp, 'bundled-'))
    await bundle(join(temp, 'npm'), folder)
    const main = (await readdir(folder)).find((file) => file.startsWith('index.')) ?? ''
    const { stdout } = await run(folder, process.execPath, main)
    t.match(JSON.parse(stdout), { log: [], isLaned: true, isPassedBy: true, acks: [{ ok: true }, { ok: false }] })
  })
}

t.test('a typed server and its client compile', async (t) => {
  const folder = join(temp, 'npm')
  await writeFile(join(folder, 'tsconfig.json'), tsconfig)
  await writeFile(join(folder, 'server.mts'), typedServer)
  await writeFile(join(folder, 'server.cts'), typedServer)
  await writeFile(join(folder, 'client.mts'), typedClient)

  // TypeScript 5.9 and 6 take half a minute for the declarations of TypeBox: TypeScript 7 checks those.
  await t.test('with TypeScript 5.9', () => run(folder, process.execPath, module('ts59/bin/tsc'), '--skipLibCheck'))
  await t.test('with TypeScript 6', () => run(folder, process.execPath, module('typescript/bin/tsc'), '--skipLibCheck'))
  await t.test('with TypeScript 7, libraries included', () => run(folder, process.execPath, module('ts7/bin/tsc')))
})
