import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/*
 * Compares the installed versions of socket.io, engine.io and ws with those whose private fields were tested. A bundle has no
 * versions to read. There, and in a tested version, private-fields.ts checks the fields themselves.
 */

/** The tested versions of each package. engine.io before 6.6.11 refreshes its timers in another way. */
const TESTED = { 'socket.io': /^4\.8\./, 'engine.io': /^6\.6\.(1[1-9]|[2-9]\d)$/, ws: /^8\./ } as const

export type Versions = Readonly<Record<keyof typeof TESTED, string | undefined>>

// By module, so that the files are read once.
const known = new Map<string, Versions>()

/** The versions that are installed for a module; undefined where a bundler has left no package.json. */
export function readVersions(module = import.meta.url): Versions {
  const versions = known.get(module) ?? findVersions(module)
  known.set(module, versions)
  return versions
}

function findVersions(module: string): Versions {
  const versions: Record<string, string | undefined> = {}
  let parent = module
  // Each is a dependency of the one before, and may be installed more than once.
  for (const name of Object.keys(TESTED)) {
    try {
      parent = createRequire(parent).resolve(name)
      versions[name] = readVersion(parent, name)
    } catch {
      versions[name] = undefined
    }
  }
  return versions as Versions
}

/** The version of the package of that name that contains a file or folder. */
function readVersion(path: string, name: string): string {
  const folder = dirname(path)
  try {
    const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (found.name === name) return found.version
  } catch {
    // The parent folder may have one.
  }
  if (folder === path) throw new Error(`${name} has no package.json`)
  return readVersion(folder, name)
}

/** @returns the first package whose version was not tested, with that version; undefined if there is none */
export function findUntested(versions: Versions): string | undefined {
  for (const [name, tested] of Object.entries(TESTED)) {
    const version = versions[name as keyof Versions]
    if (version !== undefined && !tested.test(version)) return `${name} ${version}`
  }
  return undefined
}
