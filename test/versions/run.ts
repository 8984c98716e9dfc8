import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flowSuites } from '../flow-suites.js'

/*
 * npm run test:newest
 * npm run test:floor
 *
 * This repository in an empty folder, without its lock file: with the newest of everything in range, all suites of the plugin and
 * of the wire; with the oldest of what users may bring, the flow suites.
 */

type Ranges = Record<string, string>

interface PackageJson {
  readonly dependencies: Ranges
  readonly peerDependencies: Ranges
  readonly devDependencies: Ranges
  readonly overrides: Record<string, unknown>
}

/** The oldest engine.io that has the fixes which socket.io 4.8.4 relies on. */
const ENGINE = '6.6.10'

const VARIANTS = {
  newest: { prepare: (own: PackageJson) => own, suites: () => ['test/{plugin,docs,wire}/**/*.test.ts'] },
  floor: { prepare: atFloor, suites: () => flowSuites() },
}

/** Every `^x` that a user's own versions have to meet, as `x`. */
function atFloor(own: PackageJson): PackageJson {
  const floors = (ranges: Ranges) =>
    Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, range.replace('^', '')]))
  const peers = floors(own.peerDependencies)
  return {
    ...own,
    dependencies: floors(own.dependencies),
    devDependencies: { ...own.devDependencies, ...peers },
    overrides: { ...own.overrides, 'engine.io': ENGINE },
  }
}

const variant = VARIANTS[process.argv[2] as keyof typeof VARIANTS]
if (!variant) throw new Error(`which? ${Object.keys(VARIANTS).join(' or ')}`)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'fastify-namespaces-versions-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

const LEFT_OUT = /^(\.git|\.tap|\.bundled|dist|package-lock\.json)$|(^|\/)(node_modules|\.built)$/
cpSync(root, folder, { recursive: true, filter: (source) => !LEFT_OUT.test(relative(root, source)) })
const packageJson = join(folder, 'package.json')
writeFileSync(packageJson, JSON.stringify(variant.prepare(JSON.parse(readFileSync(packageJson, 'utf8')))))

/** With this repository's .npmrc, so without install scripts. */
function run(program: string, ...args: string[]): void {
  const { status } = spawnSync(program, args, { cwd: folder, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run('npm', 'install', '--no-package-lock')
run('npm', 'ls', 'fastify', 'socket.io', 'engine.io', 'ws')
run('npx', 'tap', '--disable-coverage', '--timeout=120', ...variant.suites())
