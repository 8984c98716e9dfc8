import { keepTick } from './kept-tick.js'
import type { Scenario } from './scenarios.js'

/*
 * The process of one server. argv: the URL of the contender's file, and the scenario as JSON. It sends `{ port, startMs,
 * startCpu }`, and answers `cpu` with the microseconds it has used, and `memory` with bytes after a garbage collection.
 */

interface ContenderModule {
  start(scenario: Scenario): Promise<number>
}

function cpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function memory() {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapUsed, rss }
}

export const kept = keepTick()

const [file = '', scenario = ''] = process.argv.slice(2)
const { start } = (await import(file)) as ContenderModule
const [cpuBefore, before] = [cpu(), performance.now()]
const port = await start(JSON.parse(scenario))
process.on('message', (question) => process.send?.(question === 'cpu' ? cpu() : memory()))
// The process that has started this one may have been stopped.
process.on('disconnect', () => process.exit())
process.send?.({ port, startMs: performance.now() - before, startCpu: cpu() - cpuBefore })
