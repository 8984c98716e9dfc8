import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/*
 * A process of the chaos run, and the questions that it answers: both ends of its channel.
 */

export interface Program {
  readonly pid: number
  /** What the process said when it was ready. */
  readonly greeting: unknown
  ask(name: string, argument?: unknown): Promise<unknown>
  signal(signal: NodeJS.Signals): void
  /** Kills it, unless it has ended. */
  end(): Promise<void>
}

interface Question {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

const folder = new URL('../.built/chaos/', import.meta.url)

/** Starts a compiled file of this folder. Rejects, as its questions do, if the process ends before it answers. */
export function startProgram(file: string, settings: unknown, nodeOptions: readonly string[] = []): Promise<Program> {
  const args = [...nodeOptions, fileURLToPath(new URL(file, folder)), JSON.stringify(settings)]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
  })
  return attachProgram(child, file)
}

/** Awaits that a process is ready, which has just been started. */
export async function attachProgram(child: ChildProcess, name: string): Promise<Program> {
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000)
    process.stderr.write(text)
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  let end: string | undefined
  const ended = once(child, 'close').then(([code, signal]) => {
    end = `${name} has ended with ${code ?? signal}: ${complaint}`
    for (const [id, tell] of waiting) tell({ id, error: end })
  })
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  async function expect(id: number): Promise<unknown> {
    if (end !== undefined) throw new Error(end)
    const answer = await new Promise<Answer>((resolve) => waiting.set(id, resolve))
    waiting.delete(id)
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.result
  }
  let last = 0
  const greeting = await expect(0)
  return {
    pid: child.pid as number,
    greeting,
    ask(name, argument) {
      const id = ++last
      const answer = expect(id)
      child.send({ id, name, argument } satisfies Question, () => {})
      return answer
    },
    signal: (signal) => void child.kill(signal),
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** What this process was started with. */
export function readSettings<Settings>(): Settings {
  return JSON.parse(String(process.argv[2])) as Settings
}

/** Says that this process is ready, and answers the questions of the one that has started it. Ends with it. */
export function answerQuestions(greeting: unknown, answers: Record<string, (argument: never) => unknown>): void {
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ id, name, argument }: Question) => {
    // Messages of a cluster adapter have no name.
    if (name === undefined) return
    const answer = answers[name]
    try {
      process.send?.({ id, result: await answer?.(argument as never) } satisfies Answer)
    } catch (error) {
      process.send?.({ id, error: String(error) } satisfies Answer)
    }
  })
  process.send?.({ id: 0, result: greeting } satisfies Answer)
}

/** CPU seconds of this process. */
export function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
