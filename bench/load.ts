import { DIALECTS } from './dialect.js'
import { createBinaryLoad } from './loads/binary.js'
import { createBroadcastLoad } from './loads/broadcast.js'
import { createEchoLoad } from './loads/echo.js'
import { createIdleLoad } from './loads/idle.js'
import type { Job, Load } from './loads/job.js'
import { createConnectLoad, createJoinLoad } from './loads/joining.js'
import { createRelayLoad } from './loads/relay.js'
import { createStreamLoad } from './loads/stream.js'

/*
 * The process of one load. argv: its order as JSON. It answers the questions `open`, `latency`, and a number: the milliseconds
 * of a slice. Any error ends it, with the error on stderr.
 */

/** A job with the name of its dialect. */
export interface Order extends Omit<Job, 'dialect'> {
  readonly dialect: keyof typeof DIALECTS
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

const loads: Record<string, (job: Job) => Load> = {
  echo: (job) => (job.scenario.event === 'binary' ? createBinaryLoad(job) : createEchoLoad(job)),
  broadcast: createBroadcastLoad,
  stream: createStreamLoad,
  relay: createRelayLoad,
  connect: createConnectLoad,
  join: createJoinLoad,
  heap: createIdleLoad,
}

const order = JSON.parse(process.argv[2] ?? '') as Order
const load = loads[order.scenario.kind]?.({ ...order, dialect: DIALECTS[order.dialect] })
if (!load) throw new Error(`no load of kind ${order.scenario.kind}`)

/** The latency of the messages since the last question. */
function latency(samples: number[]): Latency {
  const sorted = Float64Array.from(samples.splice(0)).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}

async function answer(question: unknown): Promise<void> {
  if (typeof question === 'number') process.send?.(await load?.run(question))
  else if (question === 'latency') process.send?.(latency(load?.latencies ?? []))
  else process.send?.((await load?.open()) ?? 'opened')
}

process.on(
  'message',
  (question) =>
    void answer(question).catch((error) => {
      console.error(error)
      process.exit(1)
    }),
)
process.on('disconnect', () => process.exit())
process.send?.('ready')
