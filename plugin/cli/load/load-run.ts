import { setMaxListeners } from 'node:events'
import type { ServerConnection } from '../live/server-connection.js'
import { type Actor, createActor } from '../scenario/actor.js'
import type { Scenario, ScenarioStep } from '../scenario/scenario.js'
import type { Variables } from '../scenario/variables.js'
import { startTimeLimit } from '../time-limit.js'
import { createLoadStatistics, type LoadFigures, type LoadMoment, type StepKind } from './load-statistics.js'

/*
 * Runs a scenario with many clients, each of which begins it again and again.
 */

export interface LoadOptions {
  readonly scenario: Scenario
  readonly variables: Variables
  readonly connection: ServerConnection
  readonly clients: number
  /** Iterations a second of one client. */
  readonly rate: number
  /** Milliseconds over which the clients begin. */
  readonly rampMs: number
  readonly durationMs: number
  /** Ends the run early. */
  readonly signal: AbortSignal
  readonly onMoment: (moment: LoadMoment) => void
}

// The timeline has at most this many pieces.
const MOMENTS = 300
const SHORTEST_MOMENT_MS = 1000

/** Resolves when the time is over, and all clients have disconnected. */
export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
  const { scenario, variables, connection, clients, rate, rampMs, durationMs, signal, onMoment } = options
  const statistics = createLoadStatistics()
  const limit = startTimeLimit(signal, durationMs)
  const ends = limit.signal
  // Each client listens several times.
  setMaxListeners(0, ends)
  const begin = performance.now()
  let active = 0
  let lastMoment = begin

  async function runClient(number: number): Promise<void> {
    await pause((number * rampMs) / clients, ends)
    if (ends.aborted) return
    const actor = createActor(connection, new Map([...variables, ['number', number]]), ends)
    active++
    // What is still awaited when the time is over is not an error of the server.
    const onEnd = () => actor.close()
    ends.addEventListener('abort', onEnd)
    try {
      await iterate(actor)
    } finally {
      ends.removeEventListener('abort', onEnd)
      actor.close()
      active--
    }
  }

  async function iterate(actor: Actor): Promise<void> {
    const intervalMs = 1000 / rate
    for (let next = performance.now() + intervalMs; !ends.aborted; next += intervalMs) {
      for (const step of scenario.steps) {
        const isDone = !ends.aborted && (actor.isDone(step) || (await measure(actor, step)))
        if (!isDone) break
      }
      const left = next - performance.now()
      if (left < 0) {
        statistics.recordLate()
        next = performance.now()
      }
      await pause(left, ends)
    }
  }

  async function measure(actor: Actor, step: ScenarioStep): Promise<boolean> {
    const start = performance.now()
    const { problem, code = 'UNEXPECTED' } = await actor.perform(step)
    if (ends.aborted && problem !== undefined) return false
    statistics.record(kindOf(step), performance.now() - start, problem === undefined ? undefined : code)
    return problem === undefined
  }

  function endMoment(): void {
    lastMoment = performance.now()
    onMoment(statistics.endMoment(lastMoment - begin, active))
  }

  const momentMs = Math.max(SHORTEST_MOMENT_MS, durationMs / MOMENTS)
  const timer = setInterval(endMoment, momentMs)
  ends.addEventListener('abort', () => {
    clearInterval(timer)
    // A piece that is much shorter than the others would say little.
    if (performance.now() - lastMoment > momentMs / 2) endMoment()
  })
  await Promise.all(Array.from({ length: clients }, (_, number) => runClient(number)))
  limit.clear()
  clearInterval(timer)
  if (lastMoment === begin) endMoment()
  return statistics.figures(performance.now() - begin)
}

function kindOf(step: ScenarioStep): StepKind {
  if ('join' in step) return 'join'
  return 'call' in step ? 'call' : 'other'
}

/** Waits for a time, at least a tick, or until the end. */
function pause(milliseconds: number, ends: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, Math.max(milliseconds, 0))
    ends.addEventListener('abort', done)

    function done(): void {
      clearTimeout(timer)
      ends.removeEventListener('abort', done)
      resolve()
    }
  })
}
