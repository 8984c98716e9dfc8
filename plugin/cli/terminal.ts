import { text } from 'node:stream/consumers'

/*
 * What a command reads and writes, so that tests run commands in process.
 */

export interface Terminal {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts at the first SIGINT or SIGTERM. A command that runs until then ends by itself, with exit code 0. */
  readonly signal: AbortSignal
  /** Writes results to stdout. */
  write(text: string): void
  /** Writes everything else to stderr: progress and warnings. */
  report(text: string): void
  /** Reads stdin to its end. */
  readInput(): Promise<string>
}

type TerminalProcess = Pick<NodeJS.Process, 'cwd' | 'env' | 'exit' | 'on' | 'once' | 'stderr' | 'stdin' | 'stdout'>

/** The terminal of a process. A second signal ends the process at once, as it would without us. */
export function processTerminal(process: TerminalProcess): Terminal {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
  // The reader has gone, as in `… | head -1`: nothing is left to do.
  process.stdout.on('error', () => process.exit(0))
  process.stderr.on('error', () => {})
  return {
    cwd: process.cwd(),
    env: process.env,
    signal: ending.signal,
    write: (text) => writeTo(process.stdout, text),
    report: (text) => writeTo(process.stderr, text),
    readInput: () => text(process.stdin),
  }
}

/** A terminal would obey the control characters of a server: they are shown. Files and pipes get the text as it is. */
function writeTo(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>, text: string): void {
  stream.write(stream.isTTY ? text.replace(CONTROLS, toEscape) : text)
}

/** All but tab and the end of a line. */
const CONTROLS = /[^\P{Cc}\t\n]/gu

function toEscape(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
}
