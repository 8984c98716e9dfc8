import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'

/*
 * What it costs to join: server CPU of a WebSocket handshake with a join, and of a join alone on a connection that is
 * there, each with one asynchronous hook; ours beside bare Socket.IO with a `namespace.use`, in interleaved slices.
 * `bare` runs twice: how far the second is from 1.00 is the noise.
 *
 * npm run bench:connect
 */

const LANES = 20
const SLICES = 24
const WARM_UP = 4
const SLICE_MS = 300
// Two by turns: a join behind a leave in one chunk would meet a socket that is still there.
const NAMES = ['/chat', '/room'] as const

interface Contender {
  readonly name: string
  readonly server: ChildProcess
  readonly url: string
  lanes: readonly WebSocket[]
  /** CPU microseconds, of each slice. */
  readonly slices: Record<Scenario, number[]>
}

const SCENARIOS = ['handshake and join', 'join'] as const
type Scenario = (typeof SCENARIOS)[number]

async function start(name: string): Promise<Contender> {
  const contender = fileURLToPath(new URL('./contender.ts', import.meta.url))
  const server = fork(contender, [name.split(' ', 1)[0] as string], { execArgv: ['--import', 'tsx'] })
  const [port] = await once(server, 'message')
  const url = `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`
  return { name, server, url, lanes: [], slices: { 'handshake and join': [], join: [] } }
}

/** A connection that has joined nothing yet; it answers pings by itself. */
async function shake(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  socket.on('message', (data) => String(data) === '2' && socket.send('3'))
  await once(socket, 'message')
  return socket
}

async function join(socket: WebSocket, name: string): Promise<void> {
  socket.send(`40${name},{"token":"abc"}`)
  for (;;) {
    const [data] = await once(socket, 'message')
    const text = String(data)
    if (text.startsWith(`40${name},`)) return
    if (text !== '2') throw new Error(`no join: ${text}`)
  }
}

const steps: Record<Scenario, (contender: Contender, lane: WebSocket) => Promise<void>> = {
  async 'handshake and join'({ url }) {
    const socket = await shake(url)
    await join(socket, NAMES[0])
    socket.terminate()
  },
  async join(_contender, lane) {
    for (const name of NAMES) {
      await join(lane, name)
      lane.send(`41${name},`)
    }
  },
}

async function cpuOf({ server }: Contender): Promise<number> {
  const answer = once(server, 'message')
  server.send('cpu')
  const [{ user, system }] = (await answer) as [NodeJS.CpuUsage]
  return user + system
}

async function runSlice(contender: Contender, scenario: Scenario): Promise<number> {
  const before = await cpuOf(contender)
  const end = performance.now() + SLICE_MS
  let count = 0
  const lanes = contender.lanes.map(async (lane) => {
    while (performance.now() < end) {
      await steps[scenario](contender, lane)
      count++
    }
  })
  await Promise.all(lanes)
  return ((await cpuOf(contender)) - before) / (scenario === 'join' ? count * NAMES.length : count)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

const contenders = await Promise.all(['bare', 'ours', 'bare again'].map(start))
for (const scenario of SCENARIOS) {
  // Anew: a connection that joins nothing for 45 s is closed.
  for (const contender of contenders) {
    contender.lanes = await Promise.all(Array.from({ length: LANES }, () => shake(contender.url)))
  }
  for (let slice = 0; slice < SLICES; slice++) {
    for (const contender of contenders) {
      const cost = await runSlice(contender, scenario)
      if (slice >= WARM_UP) contender.slices[scenario].push(cost)
    }
  }
  console.log(scenario)
  const [bare] = contenders
  for (const { name, slices } of contenders) {
    const own = slices[scenario]
    const ratio = median(own.map((cost, index) => cost / (bare?.slices[scenario][index] ?? Number.NaN)))
    console.log(`  ${name.padEnd(12)} ${median(own).toFixed(1).padStart(7)} µs CPU each   ${ratio.toFixed(2)} of bare`)
  }
}
for (const { server, lanes } of contenders) {
  for (const lane of lanes) lane.terminate()
  server.kill()
}
