import { html, nothing } from 'lit'
import type { BinaryPlace } from '../../catalog/payload/binary-places.js'
import type { Problem } from '../../shared/problem.js'
import { visibleText } from '../../shared/visible-text.js'

// A file is held in memory. No server accepts more in one event.
const MOST_BYTES = 100_000_000

/** The input for the bytes of a place. */
export function fileChoice({ path, maxBytes, contentType }: BinaryPlace, choose: (input: HTMLInputElement) => void) {
  return html`<label>
    <span>Bytes of <code>${visibleText(path || '/', 80)}</code>
      ${Number.isFinite(maxBytes) ? html`<span class="hint">at most ${sizeOf(maxBytes)}</span>` : nothing}</span>
    <input type="file" accept=${contentType ?? nothing} @change=${(event: Event) => choose(event.target as HTMLInputElement)} />
  </label>`
}

/** What is wrong with a file, before it is read. */
export function problemOf({ name, size }: File, { path, maxBytes }: BinaryPlace): Problem | undefined {
  const most = Math.min(maxBytes, MOST_BYTES)
  return size > most
    ? { path, message: `${name} has ${sizeOf(size)}: at most ${sizeOf(most)} are accepted` }
    : undefined
}

/** The text that stands for a file in the payload, e.g. `cat.png (12 kB)`. */
export function placeholderOf({ name, size }: File): string {
  return `${name} (${sizeOf(size)})`
}

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
