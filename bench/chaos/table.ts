/*
 * A table in Markdown.
 */

export function renderTable(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The contenders as heads of columns or rows: the second `bare` is the control. */
export function nameContenders(contenders: readonly string[]): string[] {
  return contenders.map((name, index) => (contenders.indexOf(name) < index ? `${name} again` : name))
}
