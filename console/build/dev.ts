import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FSWatcher, rmSync, watch } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { context, type Plugin } from 'esbuild'

/*
 * npm run dev
 *
 * Runs the bundled server, and again whenever one of its files is saved. The sources are bundled to one file, because Node.js takes
 * four times as long to load hundreds of them.
 *
 * node --import tsx console/build/dev.ts              runs server.ts
 * node --import tsx console/build/dev.ts other.ts     runs another server
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const server = resolve(process.argv[2] ?? join(root, 'server.ts'))
// Here, so that packages are found from it.
const folder = join(root, 'node_modules/.cache/fastify-namespaces')
const bundle = join(folder, `dev-${process.pid}.mjs`)

// TypeBox alone has as many files as all of the sources.
const BUNDLED = /^(\.|\/|typebox($|\/)|fastify-namespaces($|\/))/

/** Leaves packages to Node.js, and tells each source where it is. */
const asInNode: Plugin = {
  name: 'as-in-node',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'entry-point' || BUNDLED.test(path) ? undefined : { path, external: true },
    )
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' }
    })
  },
}

const bundler = await context({
  entryPoints: [server],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  sourcesContent: false,
  metafile: true,
  nodePaths: [join(root, 'node_modules')],
  tsconfig: join(root, 'tsconfig.json'),
  plugins: [asInNode],
  logLevel: 'warning',
  absWorkingDir: root,
  // The server looks whether it is the program that runs.
  banner: { js: `process.argv[1] = ${JSON.stringify(server)}` },
})

let child: ChildProcess | undefined
let watchers: FSWatcher[] = []
let timer: NodeJS.Timeout | undefined
let running = Promise.resolve()

/** Ends the server. Resolves when its port is free. */
async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** Bundles the sources and runs the server. With an error in a source, the running server goes on. */
async function run(): Promise<void> {
  const result = await bundler.rebuild().catch(() => undefined)
  if (!result) {
    if (!child) process.exitCode = 1
    return
  }
  await stop()
  child = spawn(process.execPath, ['--enable-source-maps', bundle], { stdio: 'inherit' })
  follow(Object.keys(result.metafile.inputs).map((path) => resolve(root, path)))
}

/** Watches the folders of these files: an editor may replace a file when it saves it. */
function follow(files: readonly string[]): void {
  for (const watcher of watchers) watcher.close()
  const folders = new Set(files.map((file) => dirname(file)).filter((folder) => !folder.includes('node_modules')))
  watchers = [...folders].map((folder) =>
    watch(folder, (_event, name) => {
      if (!files.includes(join(folder, basename(name ?? '')))) return
      clearTimeout(timer)
      timer = setTimeout(() => {
        running = running.then(run)
      }, 20)
    }),
  )
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await running
    await stop(signal)
    await bundler.dispose()
    rmSync(bundle, { force: true })
    process.exit()
  })
}

await mkdir(folder, { recursive: true })
running = run()
