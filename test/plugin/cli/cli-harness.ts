import { runProgram } from '../../../plugin/cli/program.js'
import type { Terminal } from '../../../plugin/cli/terminal.js'

/** What a command has written, and its exit code. */
export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command in this process. */
export async function runCli(
  args: readonly string[],
  options: Partial<Terminal> & { input?: string } = {},
): Promise<CliResult> {
  const { input = '', ...rest } = options
  let [out, err] = ['', '']
  const terminal: Terminal = {
    cwd: process.cwd(),
    env: {},
    signal: new AbortController().signal,
    write: (text) => {
      out += text
    },
    report: (text) => {
      err += text
    },
    readInput: async () => input,
    ...rest,
  }
  const code = await runProgram(args, terminal, '1.2.3')
  return { code, out, err }
}
