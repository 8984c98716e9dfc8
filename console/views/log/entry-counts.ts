export function count(value: number): string {
  return value.toLocaleString('en')
}

/** How many entries are shown, of how many. */
export function countOf(shown: number, held: number, dropped: number): string {
  const forgotten = dropped > 0 ? `, ${count(dropped)} dropped` : ''
  return shown === held ? `${count(held)}${forgotten}` : `${count(shown)} of ${count(held)}${forgotten}`
}
