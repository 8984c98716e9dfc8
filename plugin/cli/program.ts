import { Command, CommanderError } from 'commander'
import { CliError } from './cli-error.js'
import { addAsyncapi } from './commands/asyncapi-command.js'
import { addCall } from './commands/call-command.js'
import { addDiff } from './commands/diff-command.js'
import { addListen } from './commands/listen-command.js'
import { addLoad } from './commands/load-command.js'
import { addMock } from './commands/mock-command.js'
import { addPrint } from './commands/print-command.js'
import { addRun } from './commands/run-command.js'
import { addTypes } from './commands/types-command.js'
import type { Terminal } from './terminal.js'

/*
 * The program: its commands, one file each in commands/, and its exit codes.
 *
 * A command adds itself to the program, and loads what it needs in its action. It reads and writes by the terminal alone, throws a
 * CliError to end with another exit code than 0, and resolves when it is done. Options that hold secrets have no parser: commander
 * repeats a value that a parser refuses.
 */

const COMMANDS: readonly ((program: Command, terminal: Terminal) => void)[] = [
  addPrint,
  addAsyncapi,
  addTypes,
  addDiff,
  addCall,
  addListen,
  addRun,
  addMock,
  addLoad,
]

const EXIT_CODES = `
Exit codes:
  0  done
  1  the answer is no: a breaking change, a file out of date, a refused call, a failed scenario
  2  the command could not do its work: wrong usage, a source that can't be read, a package that is not installed
`

/** Runs one command. Resolves to the exit code; never rejects. */
export async function runProgram(args: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const program = new Command('fastify-namespaces')
    .description('Describes, checks, calls and mocks the namespaces of a server.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.report })
    .showHelpAfterError('(add --help for the usage)')
    .addHelpText('after', EXIT_CODES)
  for (const addCommand of COMMANDS) addCommand(program, terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return report(error, terminal)
  }
}

function report(error: unknown, terminal: Terminal): number {
  // commander has written its message, or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const isExpected = error instanceof CliError
  terminal.report(`${isExpected ? error.message : (Object(error).stack ?? error)}\n`)
  return isExpected ? error.exitCode : 2
}
