import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Effort } from './figure.js'
import type { Measured } from './measure.js'
import { NEWEST } from './newest.js'
import { renderPage } from './page.js'

/*
 * The results of a run: created, saved as latest.json and latest.html, and loaded.
 */

export interface Results {
  /** The day, e.g. 2025-01-31. */
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly system: string }
  readonly isPinned: boolean
  readonly versions: Readonly<Record<string, string>>
  readonly effort: Effort
  readonly scenarios: readonly Measured[]
}

/** The folder of the committed results. */
export const RESULTS = fileURLToPath(new URL('results', import.meta.url))

const here = fileURLToPath(new URL('.', import.meta.url))
/** Behind the name of a package: its version in the installation of `ours newest`. */
export const NEWEST_SUFFIX = ' (newest)'

const OF_NEWEST = ['socket.io', 'engine.io', 'ws', 'fastify']
const OF_ROOT = ['socket.io', 'engine.io', 'ws', 'fastify', 'ajv', 'fastify-socket.io']
const OF_PEERS = ['@nestjs/core', 'class-validator', 'socket-controllers', 'zod', 'zod-sockets']

export function createResults(run: Pick<Results, 'isPinned' | 'versions' | 'effort' | 'scenarios'>): Results {
  return { date: new Date().toISOString().slice(0, 10), machine: readMachine(), ...run }
}

export function readMachine(): Results['machine'] {
  const all = cpus()
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().match(/^[\d.]*\d/)?.[0] ?? ''}`,
  }
}

/** Writes both files into a folder, and creates the folder if it does not exist. */
export function saveResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(folder, 'latest.html'), renderPage(results))
}

/** @throws an Error of one line if there are no results */
export function loadResults(folder: string): Results {
  const path = join(folder, 'latest.json')
  if (!existsSync(path)) throw new Error('There are no results to compare with: npm run bench')
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** @param names - the contenders that are measured */
export function readVersions(names: readonly string[]): Record<string, string> {
  const versionOf = (...folders: string[]): string | undefined => {
    const path = folders.map((folder) => join(here, folder, 'package.json')).find((path) => existsSync(path))
    return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8')).version
  }
  // engine.io may have a ws of its own.
  const versionIn = (folder: string, name: string) =>
    versionOf(`${folder}/node_modules/engine.io/node_modules/${name}`, `${folder}/node_modules/${name}`)
  const newest = names.includes('ours newest') ? OF_NEWEST : []
  const entries = [
    ['node', process.version.slice(1)],
    ['fastify-namespaces', versionOf('..')],
    ...OF_ROOT.map((name) => [name, versionIn('..', name)]),
    ...newest.map((name) => [name + NEWEST_SUFFIX, versionIn(NEWEST, name)]),
    ...OF_PEERS.map((name) => [name, versionOf(`peers/node_modules/${name}`)]),
  ]
  return Object.fromEntries(entries.filter(([, version]) => version !== undefined))
}
