import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/*
 * Where processes run: servers on one core, loads on another, where the system can be told so.
 */

export interface Cores {
  readonly server: number | undefined
  readonly load: number | undefined
}

/** The first two cores that this process may use; none where there is no `taskset`, or only one core. */
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
