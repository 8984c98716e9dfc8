/** Names with values as a text: one pair a line, `name: value`. */
export function writePairs(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

/** Reads what `writePairs()` writes; `name=value`, too. A line without a name is left out. */
export function readPairs(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const [, name = '', value = ''] = /^\s*([^:=\s]+)\s*[:=]?\s*(.*?)\s*$/.exec(line) ?? []
    return name === '' ? [] : [[name, value] as const]
  })
  return Object.fromEntries(pairs)
}
