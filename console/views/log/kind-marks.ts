import type { LogKind } from '../../log/log-types.js'

/** The mark and the word of each kind of entry: a shape tells what a colour could not. */
export const kindMarks: Readonly<Record<LogKind, readonly [mark: string, word: string]>> = {
  in: ['↓', 'in'],
  out: ['↑', 'out'],
  'ack-in': ['↩', 'ack'],
  'ack-out': ['↪', 'ack'],
  item: ['⇣', 'item'],
  note: ['•', 'note'],
}
