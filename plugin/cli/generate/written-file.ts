import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError } from '../cli-error.js'
import type { Terminal } from '../terminal.js'

/*
 * A file that a command writes, or compares with what it would write.
 */

export interface OutputOptions {
  /** The path; without one the text goes to stdout. */
  readonly output?: string
  /** Whether the file is compared instead. */
  readonly check?: true
}

/** @throws CliError with exit code 1 if a compared file differs */
export async function writeText(text: string, { output, check }: OutputOptions, terminal: Terminal): Promise<void> {
  if (output === undefined && check) throw new CliError('--check needs --output: the file that is compared', 2)
  if (output === undefined) return terminal.write(text)
  const path = resolve(terminal.cwd, output)
  if (!check) {
    return writeFile(path, text).catch((error: NodeJS.ErrnoException) => {
      throw new CliError(`${path} can not be written: ${error.code}`, 2, error)
    })
  }
  const found = await readFile(path, 'utf8').catch(() => undefined)
  // Git may have changed the ends of lines.
  const differences = found === undefined ? '' : compareLines(found.replaceAll('\r\n', '\n'), text)
  if (found !== undefined && differences === '') return
  terminal.write(differences)
  const problem = found === undefined ? 'does not exist' : 'is out of date'
  throw new CliError(`${path} ${problem}. Run the same command without --check`, 1)
}

/** The most lines of each text that are shown. */
const MOST_LINES = 10

/** The lines between what is equal at the beginning and at the end. */
function compareLines(before: string, after: string): string {
  if (before === after) return ''
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  let start = 0
  while (old[start] === fresh[start]) start++
  let end = 0
  const shortest = Math.min(old.length, fresh.length) - start
  while (end < shortest && old.at(-1 - end) === fresh.at(-1 - end)) end++
  const show = (lines: readonly string[], sign: string) => {
    const shown = lines.slice(start, lines.length - end)
    const rest = shown.length > MOST_LINES ? [`${sign} … ${shown.length - MOST_LINES} more lines`] : []
    return [...shown.slice(0, MOST_LINES).map((line) => `${sign} ${line}`), ...rest]
  }
  return `${[`line ${start + 1}:`, ...show(old, '-'), ...show(fresh, '+')].join('\n')}\n`
}
