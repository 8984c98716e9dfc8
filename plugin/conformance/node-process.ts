import type { ChildProcess } from 'node:child_process'
import { type EventEmitter, once } from 'node:events'
import type { ConformanceNode, ConformanceNodeSettings, NodeCommand } from './conformance-node.js'
import { startLocalNode } from './local-node.js'
import type { BuildNode } from './room-application.js'

/*
 * A node of the conformance suite that runs in a process of its own: the two ends of its channel.
 */

const SETTINGS = 'FASTIFY_NAMESPACES_CONFORMANCE'

interface CommandMessage {
  readonly id: number
  readonly command: NodeCommand | 'close'
  readonly args: readonly unknown[]
}

/** `id`: of the command; 0: the node listens, at the URL that is the result. */
interface CommandReport {
  readonly id: number
  readonly result?: unknown
  /** The code or the text of the error that the command has thrown. */
  readonly threw?: string
}

/** The part of `process` that a node talks over. */
interface NodeChannel extends EventEmitter {
  send?: ((message: unknown) => unknown) | undefined
  exit(): unknown
}

/** The environment variables of a process that is to run a node. */
export function nodeEnvironment(settings: ConformanceNodeSettings): Record<string, string> {
  return { [SETTINGS]: JSON.stringify(settings) }
}

/**
 * Runs a node in this process, for `connectNode()` in the one that has forked it.
 *
 * @param build - registers the plugin with the adapter
 * @throws what `build` and `listen()` throw
 */
export async function serveNode(
  build: BuildNode,
  { channel = process, env = process.env }: { channel?: NodeChannel; env?: Record<string, string | undefined> } = {},
): Promise<void> {
  const { record, url, call, close } = await startLocalNode(build, JSON.parse(String(env[SETTINGS])))
  const fault = (error: unknown) => record.faults.push(String(error))
  channel.on('uncaughtException', fault)
  channel.on('unhandledRejection', fault)
  const report = (message: CommandReport) => channel.send?.(message)

  async function run({ id, command, args }: CommandMessage): Promise<void> {
    if (command === 'close') {
      await close()
      // Adapters leave timers that wait for answers.
      channel.exit()
    } else {
      // JSON has made null of what was left out.
      await call(command, ...args.map((argument) => argument ?? undefined)).then(
        (result) => report({ id, result }),
        (error) => report({ id, threw: String(error.code ?? error) }),
      )
    }
  }
  // Other messages are those of an adapter of Node.js clusters.
  channel.on('message', (message: CommandMessage) => void (Array.isArray(message.args) && run(message)))
  report({ id: 0, result: url })
}

/**
 * The node of a forked process that runs `serveNode()`. Resolves when it listens.
 *
 * @throws (rejects) an Error, if the process ends before
 *
 * @example
 * const child = fork('node.js', { env: { ...process.env, ...nodeEnvironment(settings) } })
 * const node = await connectNode(child)
 */
export async function connectNode(child: ChildProcess): Promise<ConformanceNode> {
  const pending = new Map<number, { resolve(report: CommandReport): void; reject(error: Error): void }>()
  const ended = once(child, 'exit')
  let last = 0
  const expect = (id: number) =>
    new Promise<CommandReport>((resolve, reject) => void pending.set(id, { resolve, reject })).finally(() =>
      pending.delete(id),
    )
  child.on('message', (report: CommandReport) => pending.get(report.id)?.resolve(report))
  child.on('exit', (code, signal) => {
    for (const { reject } of pending.values()) reject(new Error(`The node has ended with ${code ?? signal}`))
  })
  const send = (command: CommandMessage['command'], args: readonly unknown[]) => {
    child.send({ id: ++last, command, args } satisfies CommandMessage, () => {})
    return last
  }
  const { result: url } = await expect(0)
  return {
    url: String(url),
    async call(command, ...args) {
      const { result, threw } = await expect(send(command, args))
      if (threw !== undefined) throw Object.assign(new Error(threw), { code: threw })
      return result
    },
    signal: (signal) => void child.kill(signal),
    async close() {
      send('close', [])
      await ended
    },
  }
}
