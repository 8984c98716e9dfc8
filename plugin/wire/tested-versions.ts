import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/*
 * The versions of socket.io, engine.io and ws: which are installed, and in which their private parts were tested. Within
 * these, and in a bundle, where there is nothing to read, it is the shape of what is there that decides.
 */

/** Of each package the versions that were tested. An older engine.io refreshes its timers otherwise. */
const TESTED = { 'socket.io': /^4\.8\./, 'engine.io': /^6\.6\.(1[1-9]|[2-9]\d)$/, ws: /^8\./ } as const

export type Versions = Readonly<Record<keyof typeof TESTED, string | undefined>>

// By module: files are read once, whoever asks.
const known = new Map<string, Versions>()

/** The versions that are installed below a module; undefined where a bundler has left none to read. */
export function readVersions(module = import.meta.url): Versions {
  const versions = known.get(module) ?? findVersions(module)
  known.set(module, versions)
  return versions
}

function findVersions(module: string): Versions {
  const versions: Record<string, string | undefined> = {}
  let parent = module
  // Each is a dependency of the one before, and may be there more than once.
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

/** Of the package of that name in which a file or folder is. */
function readVersion(place: string, name: string): string {
  const folder = dirname(place)
  try {
    const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (found.name === name) return found.version
  } catch {
    // the next may have one
  }
  if (folder === place) throw new Error(`${name} has no package.json`)
  return readVersion(folder, name)
}

/** Says which version was not tested; undefined when none is known to be another. Then the shape decides: seam.ts. */
export function findUntested(versions: Versions): string | undefined {
  for (const [name, tested] of Object.entries(TESTED)) {
    const version = versions[name as keyof Versions]
    if (version !== undefined && !tested.test(version)) return `${name} ${version}`
  }
  return undefined
}
