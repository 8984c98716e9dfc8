import { createFrame, TEXT } from '../frames.js'
import { createPoint, VARIANTS } from '../message.js'
import { createExpectation } from './expectation.js'
import { type Job, type Load, openConnections } from './job.js'
import type { LoadConnection } from './load-connection.js'

/*
 * The load of the relay scenarios: the senders of a team send their moves, each in one write, and again when the others of the
 * team have received them all.
 */

const PATIENCE_MS = 10_000

export function createRelayLoad(job: Job): Load {
  const { dialect, scenario } = job
  const { event, inFlight, deliveries, senders } = scenario
  const size = deliveries + 1
  const head = Buffer.from(dialect.emitHead(event))
  const frames = Array.from({ length: VARIANTS }, (_, index) => frameOf(createPoint(index)))
  const moves = Buffer.concat(Array.from({ length: inFlight }, (_, index) => frames[index % VARIANTS] as Buffer))
  const points = createExpectation(createPoint, (value) => value)
  const latencies: number[] = []
  let connections: LoadConnection[] = []
  /** For each team: the deliveries that are missing, and when its moves were sent. */
  const missing: number[] = []
  const sentAt: number[] = []
  let delivered = 0
  let running = 0
  let endsAt = 0
  let settle: (() => void) | undefined

  function frameOf(point: object): Buffer {
    return createFrame(TEXT, Buffer.from(`${dialect.emitHead(event)}${JSON.stringify(point)}]`))
  }

  function send(team: number): void {
    missing[team] = senders * deliveries * inFlight
    sentAt[team] = performance.now()
    for (let seat = team * size; seat < team * size + senders; seat++) connections[seat]?.write(moves)
  }

  function receive(team: number, buffer: Buffer, start: number, end: number): void {
    const payload = start + head.length
    if (head.compare(buffer, start, payload) !== 0) throw new Error(`no move: ${buffer.toString('utf8', start, end)}`)
    points.check(kindOf(buffer, end), buffer, payload, end - 1)
    delivered++
    missing[team] = (missing[team] as number) - 1
    if ((missing[team] as number) > 0) return
    if ((missing[team] as number) < 0) throw new Error('a move that nobody has sent')
    const now = performance.now()
    latencies.push(now - (sentAt[team] as number))
    if (now < endsAt) send(team)
    else if (--running === 0) settle?.()
  }

  async function run(sliceMs: number): Promise<number> {
    delivered = 0
    running = connections.length / size
    endsAt = performance.now() + sliceMs
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`moves of ${running} teams are missing`)), sliceMs + PATIENCE_MS)
      settle = () => {
        clearTimeout(timer)
        resolve()
      }
      for (let team = 0; team < connections.length / size; team++) send(team)
    })
    return delivered / deliveries
  }

  async function open(): Promise<void> {
    connections = await openConnections(job)
    for (const [seat, connection] of connections.entries()) {
      connection.hear = (_opcode, buffer, start, end) => receive(Math.floor(seat / size), buffer, start, end)
    }
    // If it were passed on, the check of the first round would fail.
    connections[0]?.write(frameOf({ x: 'left', y: 10 }))
  }

  return { open, run, latencies }
}

/** Reads from the end of `"y":12}]` which point it is. */
function kindOf(buffer: Buffer, end: number): number {
  return ((buffer[end - 4] as number) - 0x30) * 10 + (buffer[end - 3] as number) - 0x30 - 10
}
