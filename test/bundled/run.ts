import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'
import { flowSuites } from '../flow-suites.js'
import { jobs } from '../jobs.js'

/*
 * npm run test:bundled
 *
 * The flow suites, those of the wire and the check that the fast path is on, with Fastify, Socket.IO and the plugin as it is
 * published in one minified file, whose functions have lost their names: once by esbuild, once by ncc. The stock client is
 * outside of it.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.bundled')
const entry = join(folder, 'application.js')

function statusOf(program: string, args: string[], variables: Record<string, string> = {}): number {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...variables } })
  return status ?? 1
}

const BUNDLERS = {
  esbuild: (outfile: string) =>
    void buildSync({
      entryPoints: [entry],
      outfile,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      external: ['socket.io-client'],
      // What is CommonJS in it requires what node brings.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    }),
  ncc(file: string) {
    const status = statusOf('npx', [
      'ncc',
      'build',
      entry,
      '--minify',
      '--external',
      'socket.io-client',
      '--out',
      dirname(file),
    ])
    if (status !== 0) process.exit(status)
  },
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
writeFileSync(
  entry,
  `export { default as Fastify, LogController } from 'fastify'
export * from '../dist/index.js'
export { default } from '../dist/index.js'
`,
)
for (const [name, bundle] of Object.entries(BUNDLERS)) {
  const file = join(folder, name, 'index.js')
  bundle(file)
  // In the place of those of .taprc
  const hooks = ['../typescript.js', 'hooks.js'].map((path) => `--node-arg=--import=${new URL(path, import.meta.url)}`)
  const status = statusOf('npx', ['tap', jobs, '--disable-coverage', '--timeout=120', ...hooks, ...flowSuites()], {
    BUNDLE: pathToFileURL(file).href,
  })
  // The other bundle is tested all the same.
  process.exitCode ||= status
}
