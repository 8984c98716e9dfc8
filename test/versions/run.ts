import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flowSuites, PEEKING, PEERS, sourceSuites } from '../flow-suites.js'
import { jobs } from '../jobs.js'

/*
 * npm run test:newest
 * npm run test:floor
 *
 * The packed tarball, installed in an empty folder without a lock file: once with the newest of everything in range, once with
 * the oldest. There the flow suites, those of the wire and the check that the fast path is on run against what was installed,
 * and suites that need the source run with it: with the newest all of them.
 */

type Ranges = Readonly<Record<string, string>>

interface PackageJson {
  readonly name: string
  readonly dependencies: Ranges
  readonly peerDependencies: Ranges
  readonly devDependencies: Ranges
  readonly overrides: Readonly<Record<string, unknown>>
}

interface Variant {
  /** Which versions of a range are installed. */
  readonly choose: (ranges: Ranges) => Ranges
  readonly overrides: Ranges
  /** What the suites need in other versions than the repository. */
  readonly devDependencies: Ranges
  /** The suites that run with the source, besides. */
  readonly suites: readonly string[]
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  newest: { choose: (ranges) => ranges, overrides: {}, devDependencies: {}, suites: sourceSuites() },
  // socket.io 4.8.4 accepts every engine.io 6.6.
  floor: {
    choose: oldest,
    overrides: { 'engine.io': '6.6.0' },
    // Of the same version as React
    devDependencies: { 'react-dom': '18' },
    suites: [...PEEKING, ...PEERS],
  },
}

/** Every `^x` and `>=x` as `x`. */
function oldest(ranges: Ranges): Ranges {
  return Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, range.replace(/^\^|^>=/, '')]))
}

const variant = VARIANTS[process.argv[2] ?? '']
if (!variant) throw new Error(`which? ${Object.keys(VARIANTS).join(' or ')}`)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'fastify-namespaces-versions-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

const LEFT_OUT = /^(\.git|\.tap|\.bundled|dist|package-lock\.json)$|(^|\/)(node_modules|\.built)$/
cpSync(root, folder, { recursive: true, filter: (source) => !LEFT_OUT.test(relative(root, source)) })
// Suites that need the source serve this page.
cpSync(join(root, 'dist/console'), join(folder, 'dist/console'), { recursive: true })

/** The package.json of a user of the tarball, who also has what the suites import. */
function userOf(own: PackageJson, tarball: string, { choose, overrides, devDependencies }: Variant): object {
  return {
    ...own,
    // With it an import of the package would be one of this folder.
    name: undefined,
    dependencies: { ...choose(own.dependencies), [own.name]: `file:${tarball}` },
    devDependencies: { ...own.devDependencies, ...choose(own.peerDependencies), ...devDependencies },
    overrides: { ...own.overrides, ...overrides },
  }
}

const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' })
const [{ filename: tarball }]: [{ filename: string }] = JSON.parse(packed)
const packageJson = join(folder, 'package.json')
const user = userOf(JSON.parse(readFileSync(packageJson, 'utf8')), tarball, variant)
writeFileSync(packageJson, JSON.stringify(user))

/** With this repository's .npmrc, so without install scripts. */
function statusOf(program: string, ...args: string[]): number {
  return spawnSync(program, args, { cwd: folder, stdio: 'inherit' }).status ?? 1
}

function run(program: string, ...args: string[]): void {
  const status = statusOf(program, ...args)
  if (status !== 0) process.exit(status)
}

/** What follows runs also when a test has failed. */
function tap(...args: readonly string[]): void {
  process.exitCode ||= statusOf('npx', 'tap', jobs, '--disable-coverage', '--timeout=120', ...args)
}

run('npm', 'install', '--no-package-lock')
run('npm', 'ls', 'fastify-namespaces', 'fastify', 'socket.io', 'engine.io', 'ws')
// In the place of those of .taprc
tap('--node-arg=--import=./test/typescript.js', '--node-arg=--import=./test/versions/hooks.js', ...flowSuites())
tap(...variant.suites)
