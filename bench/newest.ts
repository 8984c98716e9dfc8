import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/*
 * Installs what a user gets today for the contender `ours newest`: the packed tarball, and fastify and socket.io, in an empty
 * folder without a lock file. The lock file of this repository hides what a release of a dependency changes.
 */

const NAME = 'ours newest'

/** Below bench/, made anew by each run. */
export const NEWEST = '.newest'

/**
 * Packs dist/ as it is, which `ours` runs too, and copies the built contenders beside it. Call it after `transpile`.
 *
 * @param names - the contenders that are measured
 * @throws an Error of one line if the registry does not answer
 */
export function installNewest(names: readonly string[]): void {
  if (!names.includes(NAME)) return
  console.log('installing the newest of everything')
  const folder = fileURLToPath(new URL(NEWEST, import.meta.url))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  // A package of its own, for whose modules this repository's node_modules are not the nearest.
  writeFileSync(`${folder}/package.json`, '{ "private": true, "type": "module" }\n')
  const root = fileURLToPath(new URL('..', import.meta.url))
  const packed = npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)
  const [{ filename }]: [{ filename: string }] = JSON.parse(packed)
  npm(folder, 'install', '--no-package-lock', '--ignore-scripts', 'fastify', 'socket.io', `./${filename}`)
  cpSync(fileURLToPath(new URL('.built', import.meta.url)), folder, { recursive: true })
}

function npm(cwd: string, ...args: string[]): string {
  try {
    return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch {
    throw new Error(`npm ${args[0]} failed, which ${NAME} needs: leave it out, e.g. with --with ours`)
  }
}
