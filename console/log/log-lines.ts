import type { LogEntry } from './log-types.js'

/**
 * An entry as a line of the exported file:
 * `{"at":"2026-11-30T12:00:00.000Z","identity":1,"kind":"in","namespace":"/chat","event":"message:new","args":[…],"ms":3}`.
 */
export function toLine({ at, identity, kind, address, event, text, ms, isError }: LogEntry): string {
  const head = JSON.stringify({ at: new Date(at).toISOString(), identity, kind, namespace: address, event })
  const tail = JSON.stringify({ ms, ...(isError && { isError }) }).slice(1)
  // The arguments are JSON already.
  return `${head.slice(0, -1)},"args":${text}${tail === '}' ? '' : ','}${tail}\n`
}
