import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Manager, type Socket } from 'socket.io-client'
import { startPostgres } from '../chaos/postgres.js'
import { startRedis } from '../chaos/redis.js'

/*
 * People with two devices each, on three nodes, who reload their pages, lose their connections without a word, and whose nodes are
 * killed. At each quiet point, the list of every node is compared with the truth; at the end, nobody may have left within the grace.
 */

/** How long a message may take on a machine that does other things, too. */
const CROSSING_MS = 1_000
const PEOPLE = Number(process.argv[2] ?? 2_000)
const ROUNDS = Number(process.argv[3] ?? 5)
/** `redis` or `postgres`. */
const KIND = process.argv[4] ?? 'redis'
const GRACE_MS = 5_000
/** The grace, the ping that finds a half-open connection, and the silence that finds a dead node. */
const QUIET_MS = GRACE_MS + 15_000 + 10_000

interface Node {
  readonly child: ChildProcess
  readonly url: string
}
interface Device {
  readonly user: string
  socket: Socket
  node: number
  /** Whether it is here, as far as its server can know. */
  isHere: boolean
  /** When it has come back, and how long it had been away. */
  backAt: number
  awayMs: number
}
type Answer = { entries: { key: string; devices: number }[]; cpu: number }

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const any = (count: number) => Math.floor(Math.random() * count)
const folder = await mkdtemp(join(tmpdir(), 'churn-'))
const postgres = KIND === 'postgres' ? await startPostgres(folder) : undefined
const broker = postgres ?? (await startRedis(folder))
const env = { ...process.env, KIND, BROKER: postgres?.url() ?? broker.path, GRACE_MS: String(GRACE_MS) }

async function startNode(): Promise<Node> {
  const program = fileURLToPath(new URL('./node.ts', import.meta.url))
  const child = fork(program, { env, execArgv: ['--import', 'tsx'] })
  const [{ port }] = await once(child, 'message')
  return { child, url: `http://127.0.0.1:${port}` }
}

const nodes = await Promise.all([startNode(), startNode(), startNode()])
/** When each user was last connected with any device. */
const lastHere = new Map<string, number>()
const devices: Device[] = []
let early = 0
let leaves = 0

function connect(user: string, node: number): Socket {
  const manager = new Manager(nodes[node]?.url as string, { transports: ['websocket'], reconnection: false })
  return manager.socket('/lobby', { auth: { user } })
}

/** Called when a device is lost, also if it has not joined yet. */
function lose(device: Device): void {
  if (device.isHere) lastHere.set(device.user, Date.now())
  device.isHere = false
}

/** A device that comes back elsewhere when its node is gone. */
function open(device: Device): void {
  const socket = connect(device.user, device.node)
  device.socket = socket
  const again = () => {
    if (device.socket !== socket) return
    lose(device)
    device.node = any(nodes.length)
    setTimeout(() => device.socket === socket && open(device), 100 + any(500))
  }
  // Only the watchers read what they are told: 4,000 readers would take the CPU of the nodes.
  const { decoder } = socket.io as unknown as { decoder: { add(data: unknown): void } }
  socket.on('connect', () => {
    decoder.add = () => {}
    device.isHere = true
    device.backAt = Date.now()
    device.awayMs = device.backAt - (lastHere.get(device.user) ?? 0)
  })
  socket.on('disconnect', again)
  socket.on('connect_error', again)
}

/** Counts those who leave although they were here within the grace. */
function watch(node: number): void {
  const socket = connect(`watcher-${node}`, node)
  socket.on('presence:change', ({ left }: { left: string[] }) => {
    for (const key of left) {
      leaves++
      const here = devices.filter((device) => device.user === key && device.isHere)
      // Whoever comes back after the grace may cross the message that it has left.
      const isEarly = here.some(({ backAt, awayMs }) => Date.now() - backAt > CROSSING_MS || awayMs < GRACE_MS)
      if (isEarly || (here.length === 0 && Date.now() - (lastHere.get(key) ?? 0) < GRACE_MS - 200)) early++
    }
  })
  socket.on('disconnect', () => setTimeout(watch, 1_000, node))
  socket.on('connect_error', () => setTimeout(watch, 1_000, node))
}

async function compare(what: string): Promise<void> {
  await rest(QUIET_MS)
  const truth = new Map<string, number>()
  for (const { user, socket } of devices) if (socket.connected) truth.set(user, (truth.get(user) ?? 0) + 1)
  const wrong = await Promise.all(
    nodes.map(async ({ child }) => {
      child.send('list')
      const [{ entries, cpu }] = (await once(child, 'message')) as [Answer]
      const people = entries.filter(({ key }) => !key.startsWith('watcher'))
      const missing = people.filter(({ key, devices: count }) => truth.get(key) !== count).length
      return `${missing + Math.abs(people.length - truth.size)} (${(cpu / 1e6).toFixed(1)} s)`
    }),
  )
  console.log(
    `${what}: ${truth.size} people here; wrong on each node (CPU): ${wrong.join(', ')}; left ${leaves}, early ${early}`,
  )
}

for (let at = 0; at < PEOPLE * 2; at++) {
  const device = { user: `user-${at >> 1}`, node: any(nodes.length) } as Device
  devices.push(device)
  open(device)
  if (at % 20 === 19) await rest(100)
}
for (const node of nodes.keys()) watch(node)
await compare('joined')
for (let round = 1; round <= ROUNDS; round++) {
  for (let at = 0; at < PEOPLE; at++) {
    const device = devices[any(devices.length)] as Device
    const { socket } = device
    const kind = any(10)
    if (kind < 8) {
      // A reload.
      device.socket = undefined as never
      lose(device)
      socket.disconnect()
      device.node = any(nodes.length)
      open(device)
    } else if (kind === 8 && socket?.connected) {
      // Half open: nothing is read or written any more, and nobody is told.
      lose(device)
      const { ws } = socket.io.engine.transport as unknown as { ws: { _socket?: { pause(): void } } }
      ws._socket?.pause()
      socket.io.engine.write = () => socket.io.engine
    }
    if (at % 20 === 19) await rest(100)
  }
  const victim = any(nodes.length)
  nodes[victim]?.child.kill('SIGKILL')
  nodes[victim] = await startNode()
  await compare(`round ${round}, a node was killed`)
}
// Half of the people go.
for (const device of devices.splice(PEOPLE)) {
  const { socket } = device
  device.socket = undefined as never
  lose(device)
  socket?.disconnect()
}
await compare('half have gone')
for (const { child } of nodes) child.kill('SIGKILL')
await broker.stop()
await rm(folder, { recursive: true, force: true })
process.exit()
