import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setupMaster } from '@socket.io/sticky'
import { setupPrimary } from 'fastify-namespaces/cluster'

/*
 * The primary of a cluster: it starts the workers, gives each connection to the worker of its session, and starts a worker that has
 * died again. The workers do not listen.
 */

/** What a worker sends once it takes connections. */
export interface WorkerReady {
  readonly ready: string
}

/** What a worker sends before it ends because it can't boot: the primary says it, once for all of them. */
export interface WorkerFailed {
  readonly failed: string
}

/** Sent to the workers: they close, and end. */
export const STOP = 'stop'

export interface Workers {
  readonly address: AddressInfo
  /** What the first worker said when it was ready. */
  readonly said: string
  /** Ends the workers, each after its events. */
  stop(): Promise<void>
}

export interface WorkersOptions {
  readonly count: number
  readonly host: string
  readonly port: number
  /** Called when a worker has died and is started again. */
  readonly died: (problem: string) => void
}

// A worker that dies again and again is started after 1, 2, 4 … seconds.
const FIRST_DELAY_MS = 1_000
const LAST_DELAY_MS = 30_000
/** After this time a worker has proved itself. */
const STEADY_MS = 60_000
/** How long a worker may close. */
const STOP_MS = 15_000

/**
 * Starts the workers, and listens once all are ready.
 *
 * @throws (rejects) if the address can't be listened to, or a worker ends before it is ready
 */
export async function runWorkers({ count, host, port, died }: WorkersOptions): Promise<Workers> {
  // Before the workers, which cost more.
  const server = createServer()
  server.listen(port, host)
  await once(server, 'listening')
  setupMaster(server, { loadBalancingMethod: 'least-connection' })
  setupPrimary()
  // @socket.io/sticky sends bytes.
  cluster.setupPrimary({ serialization: 'advanced' })

  let isStopping = false
  let delayMs = FIRST_DELAY_MS
  const timers = new Set<NodeJS.Timeout>()

  function start(): Worker {
    const worker = cluster.fork()
    const startedAt = performance.now()
    whenEnded(worker, (end) => {
      if (isStopping || !isRunning) return
      if (performance.now() - startedAt > STEADY_MS) delayMs = FIRST_DELAY_MS
      died(`worker ${worker.process.pid} has ended with ${end}; it is started again in ${delayMs} ms`)
      const timer = setTimeout(() => {
        timers.delete(timer)
        start()
      }, delayMs)
      timers.add(timer)
      delayMs = Math.min(2 * delayMs, LAST_DELAY_MS)
    })
    return worker
  }

  async function stop(): Promise<void> {
    isStopping = true
    server.close()
    for (const timer of timers) clearTimeout(timer)
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => end(worker as Worker)))
  }

  let isRunning = false
  try {
    const [said = ''] = await Promise.all(Array.from({ length: count }, () => ready(start())))
    isRunning = true
    return { address: server.address() as AddressInfo, said, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Resolves to what a worker says when it is ready. */
function ready(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: unknown) => {
      const { ready } = Object(message) as Partial<WorkerReady>
      if (typeof ready === 'string') resolve(ready)
    })
    whenEnded(worker, (end) => reject(new Error(`a worker has ended before it was ready, with ${end}`)))
  })
}

/** Calls `ended` when a worker has ended, with its signal or exit code, and with what it said of it. */
function whenEnded(worker: Worker, ended: (end: string) => void): void {
  let reason = ''
  worker.on('message', (message: unknown) => {
    const { failed } = Object(message) as Partial<WorkerFailed>
    if (typeof failed === 'string') reason = `: ${failed}`
  })
  worker.once('exit', (code, signal) => {
    const end = () => ended(`${signal || code}${reason}`)
    // What it has sent may come later than its end.
    if (worker.isConnected()) worker.once('disconnect', end)
    else end()
  })
}

async function end(worker: Worker): Promise<void> {
  const ended = once(worker, 'exit')
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), STOP_MS)
  // One that is gone already does not hear it.
  worker.send(STOP, () => {})
  await ended
  clearTimeout(timer)
}
