import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/*
 * Chooses the CPU cores: servers run on one, loads on another, if `taskset` is available.
 */

export interface Cores {
  readonly server: number | undefined
  readonly load: number | undefined
}

/** The first two cores that this process may use; undefined without `taskset` or with one core only. */
export function chooseCores(): Cores {
  const [server, load] = spawnSync('taskset', ['--version']).status === 0 ? allowedCores() : []
  return load === undefined ? { server: undefined, load: undefined } : { server, load }
}

function allowedCores(): number[] {
  const [, list = ''] = readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\s*(.+)$/m) ?? []
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
