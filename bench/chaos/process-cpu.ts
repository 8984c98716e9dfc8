import { readdir, readFile } from 'node:fs/promises'

/*
 * The CPU time of a broker, as Linux counts it.
 */

const TICKS_PER_SECOND = 100
const NANOSECONDS = 1e9

/** CPU seconds of a process, of its children, and of those that it has had. */
export async function cpuOf(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean)
  const all = await Promise.all([pid, ...children].map(ownCpuOf))
  return all.reduce((sum, seconds) => sum + seconds, await endedCpuOf(pid))
}

async function ownCpuOf(pid: number | string): Promise<number> {
  let sum = 0
  // A thread, or a child, may have ended since.
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')
    sum += Number.parseInt(text, 10) / NANOSECONDS
  }
  return sum
}

/** Of the children that have ended. */
async function endedCpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
}
