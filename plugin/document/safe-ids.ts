import { createHash } from 'node:crypto'

/*
 * Ids for the maps of a document: letters, digits, `_`, `-` and dots, which AsyncAPI demands of components, and which need no
 * escapes in a reference.
 */

const LONGEST = 80

/**
 * Returns an id that another call can't have returned.
 *
 * @param wanted - any text, e.g. `event.message:send`
 */
export type TakeId = (wanted: string) => string

/** Creates the ids of one map. The same calls in the same order return the same ids. */
export function createIds(): TakeId {
  const taken = new Set<string>()
  return (wanted) => {
    const base = toId(wanted)
    let id = base
    for (let count = 2; taken.has(id); count++) id = `${base}_${count}`
    taken.add(id)
    return id
  }
}

/** A text as an id. Different texts may have the same one. */
function toId(text: string): string {
  const id = text
    .replace(/[^\p{ASCII}]/gu, (letter) => `u${Number(letter.codePointAt(0)).toString(16)}`)
    .replace(/[^\w.-]+/g, '.')
    .replace(/\.{2,}/g, '.')
    .replace(/^\.|\.$/g, '')
  if (id === '') return 'none'
  // Readers of documents look ids up in plain objects.
  if (id in {}) return `${id}_1`
  return id.length > LONGEST ? `${id.slice(0, LONGEST - 9)}.${digest(text)}` : id
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
