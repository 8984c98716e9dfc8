import { createHook } from 'node:async_hooks'
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

/**
 * Keeps one TickObject of Node.js alive. If a full garbage collection finds none, V8 drops their hidden class, and
 * `process.nextTick` costs five times as much from then on. Which contender that hits is chance, so it is avoided for all.
 */
function keepTick(): object[] {
  const ticks: object[] = []
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') ticks.push(resource)
    },
  }).enable()
  process.nextTick(() => {})
  hook.disable()
  return ticks
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
