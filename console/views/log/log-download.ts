import { toLine } from '../../log/log-lines.js'
import type { LogEntry } from '../../log/log-types.js'

/** Entries that are written between two moments for the page. */
const ENTRIES_AT_ONCE = 2000

/**
 * Saves entries as a file of JSON lines.
 *
 * @param redact - removes secrets: what is one now may have come before it was named
 * @returns how many they are
 */
export async function saveLog(entries: readonly LogEntry[], redact: (text: string) => string): Promise<number> {
  const parts: string[] = []
  for (let start = 0; start < entries.length; start += ENTRIES_AT_ONCE) {
    parts.push(
      entries
        .slice(start, start + ENTRIES_AT_ONCE)
        .map((entry) => redact(toLine(entry)))
        .join(''),
    )
    await new Promise((resolve) => setTimeout(resolve))
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(parts, { type: 'application/x-ndjson' }))
  link.download = `log-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.ndjson`
  link.click()
  // The browser has taken the content over with the click.
  URL.revokeObjectURL(link.href)
  return entries.length
}
