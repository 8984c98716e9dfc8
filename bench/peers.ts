import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CONTENDERS } from './contenders.js'

/*
 * Installs the packages of the peers in bench/peers when they are first needed, apart from this repository's own.
 */

export function installPeers(names: readonly string[]): void {
  const isNeeded = CONTENDERS.some(({ name, isPeer }) => isPeer && names.includes(name))
  if (!isNeeded || existsSync(new URL('peers/node_modules', import.meta.url))) return
  console.log('installing the peers')
  const cwd = fileURLToPath(new URL('peers', import.meta.url))
  execFileSync('npm', ['ci'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
}
