import type { Test } from 'tap'
import { type Static, Type } from 'typebox'
import { runProgram } from '../../../plugin/cli/program.js'
import type { Terminal } from '../../../plugin/cli/terminal.js'
import type { AnyNamespaceDefinition } from '../../../plugin/index.js'
import { build, listen } from '../harness.js'

export interface CapturedRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly input?: string
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** Sees all that has been written to stdout. */
  readonly onWrite?: (out: string) => void
  readonly onReport?: (err: string) => void
}

/** Runs a command in process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<CapturedRun> {
  const {
    env = {},
    input = '',
    cwd = process.cwd(),
    signal = new AbortController().signal,
    onWrite,
    onReport,
  } = options
  let [out, err] = ['', '']
  const terminal: Terminal = {
    cwd,
    env,
    signal,
    write(text) {
      out += text
      onWrite?.(out)
    },
    report(text) {
      err += text
      onReport?.(err)
    },
    readInput: async () => input,
  }
  const code = await runProgram(args, terminal, '1.2.3')
  return { code, out, err }
}

export const linesOf = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** A server with these namespaces, which listens; returns its URL. */
export async function serve(t: Test, namespaces: Record<string, AnyNamespaceDefinition>): Promise<string> {
  const app = await build(t, { namespaces })
  return `http://127.0.0.1:${await listen(app)}`
}

const Message = Type.Object({ text: Type.String({ minLength: 1, maxLength: 20 }) })

/** A small chat, as a definition. */
export const CHAT: AnyNamespaceDefinition = {
  schema: { auth: Type.Object({ token: Type.Optional(Type.String()), name: Type.Optional(Type.String()) }) },
  onRequest: async (request) => {
    const { token } = Object(request.body) as { token?: string }
    if (token === 'wrong-token')
      throw Object.assign(new Error(`No such token: ${token}`), { statusCode: 401, code: 'TOKEN_WRONG' })
  },
  emits: { 'message:new': { payload: Message } },
  events: {
    'message:send': {
      payload: Message,
      reply: Type.Object({ id: Type.String(), length: Type.Integer() }),
      errors: { FORBIDDEN_WORD: Type.Object({ word: Type.String() }) },
      handler: ({ text }: Static<typeof Message>, { socket, error }) => {
        if (text === 'bad') throw error('FORBIDDEN_WORD', { word: text })
        socket.nsp.emit('message:new', { text })
        return { id: `id-${text}`, length: text.length }
      },
    },
    'count:up': {
      payload: Type.Object({ to: Type.Integer() }),
      stream: Type.Object({ count: Type.Integer() }),
      handler: async function* ({ to }: { to: number }, { error, signal }) {
        for (let count = 1; count <= to && !signal.aborted; count++) yield { count }
        if (to === 3) return 'three'
        if (to === 13) throw error('UNLUCKY', null)
        return undefined
      },
      errors: { UNLUCKY: Type.Null() },
    },
    'image:echo': { handler: (payload) => payload },
    nothing: { handler: () => undefined },
    never: { handlerTimeoutMs: 0, handler: () => new Promise(() => {}) },
    leave: {
      handler: (_payload, { socket }) => {
        socket.disconnect()
      },
    },
  },
}
