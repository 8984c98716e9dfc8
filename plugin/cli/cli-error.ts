/**
 * Ends a command. Its message is written to stderr as it is, so it says what to do, and contains no secret.
 *
 * Exit codes: 1 is the answer "no" (a breaking change, a file out of date, a refused call, a failed scenario); 2 means that the
 * command could not do its work (wrong usage, a source that can't be read, a package that is not installed).
 */
export class CliError extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2, cause?: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}
