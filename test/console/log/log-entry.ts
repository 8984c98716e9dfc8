import type { LogEntry, LogInput } from '../../../console/log/log-types.js'

/** An input of the log, of which a test names what it is about. */
export function logInput(change: Partial<LogInput> = {}): LogInput {
  return { kind: 'in', identity: 1, address: '/chat', event: 'message:new', args: [{ text: 'hi' }], ...change }
}

/** An entry, of which a test names what it is about. */
export function logEntry(change: Partial<LogEntry> = {}): LogEntry {
  const { args, ...input } = logInput()
  return { ...input, number: 1, at: 0, text: JSON.stringify(args), ...change }
}
