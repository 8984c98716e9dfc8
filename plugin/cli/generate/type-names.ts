/*
 * The names of the types that are written.
 */

/** Names that the file has already, and one that is no type. */
const RESERVED = ['definitions', 'described', 'describednamespace', 'contracthashes', 'object']

/** Gives each text a name of its own, as `OrderLine` for `order-line`. */
export function createTypeNames(): (text: string) => string {
  const taken = new Set(RESERVED)
  return (text) => {
    const words = text.match(/[a-z0-9]+/gi) ?? []
    const name = words
      .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
      .join('')
      .replace(/^(?=\d|$)/, 'Type')
    let unique = name
    for (let count = 2; taken.has(unique.toLowerCase()); count++) unique = `${name}${count}`
    taken.add(unique.toLowerCase())
    return unique
  }
}
