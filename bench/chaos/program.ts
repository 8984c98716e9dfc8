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

/** Starts a file of this folder. Rejects, as its questions do, if the process ends before it answers. */
export async function startProgram(file: string, settings: unknown): Promise<Program> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, path, JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000)
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const [id, tell] of waiting) tell({ id, error: `${file} has ended with ${code ?? signal}: ${complaint}` })
  })
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  async function expect(id: number): Promise<unknown> {
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
