import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Manager, type Socket } from 'socket.io-client'

/*
 * A validated echo with an ack: server CPU per message, ours beside bare Socket.IO, in interleaved slices of 250 ms.
 * `bare` runs twice: how far the second is from 1.00 is the noise, and a difference smaller than that means nothing.
 *
 * npm run bench
 */

const SOCKETS = 40
const IN_FLIGHT = 4
const SLICES = 24
const WARM_UP = 4
const SLICE_MS = 250
const message = { text: 'x'.repeat(240), count: 5 }

interface Contender {
  readonly name: string
  readonly server: ChildProcess
  readonly sockets: readonly Socket[]
  /** CPU microseconds per message, of each slice. */
  readonly slices: number[]
}

async function start(name: string): Promise<Contender> {
  const contender = fileURLToPath(new URL('./contender.ts', import.meta.url))
  const server = fork(contender, [name.split(' ', 1)[0] as string], { execArgv: ['--import', 'tsx'] })
  const [port] = await once(server, 'message')
  const sockets = Array.from({ length: SOCKETS }, () =>
    new Manager(`http://127.0.0.1:${port}`, { transports: ['websocket'] }).socket('/chat'),
  )
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once('connect', resolve))))
  return { name, server, sockets, slices: [] }
}

async function cpuOf({ server }: Contender): Promise<number> {
  const answer = once(server, 'message')
  server.send('cpu')
  const [{ user, system }] = (await answer) as [NodeJS.CpuUsage]
  return user + system
}

async function runSlice(contender: Contender): Promise<number> {
  const before = await cpuOf(contender)
  const end = performance.now() + SLICE_MS
  let messages = 0
  const lanes = contender.sockets.flatMap((socket) =>
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < end) {
        const ack = await socket.emitWithAck('echo', message)
        if (!ack.ok) throw new Error(`${contender.name} has refused a message: ${JSON.stringify(ack)}`)
        messages++
      }
    }),
  )
  await Promise.all(lanes)
  return ((await cpuOf(contender)) - before) / messages
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

const contenders = await Promise.all(['bare', 'ours', 'bare again'].map(start))
for (let slice = 0; slice < SLICES; slice++) {
  for (const contender of contenders) {
    const cost = await runSlice(contender)
    if (slice >= WARM_UP) contender.slices.push(cost)
  }
}
const [bare] = contenders
for (const { name, slices } of contenders) {
  const ratio = median(slices.map((cost, index) => cost / (bare?.slices[index] ?? Number.NaN)))
  console.log(
    `${name.padEnd(12)} ${median(slices).toFixed(1).padStart(6)} µs CPU a message   ${ratio.toFixed(2)} of bare`,
  )
}
for (const { server, sockets } of contenders) {
  for (const socket of sockets) socket.io._close()
  server.kill()
}
