const STRING_OR_VARIABLE = /"(?:[^"\\]|\\.)*"|\{\{\s*([\w.-]+)\s*\}\}/gs

/** What the reader has written, as a value: a variable in place of a value is a text, as in the command line's scenarios. */
export interface SourceValue {
  readonly value: unknown
  /** The variables that stand in place of a value: theirs is JSON, not a text. */
  readonly bare: readonly string[]
}

/** Reads a text of JSON with variables. Undefined if it is none. */
export function readSource(text: string): SourceValue | undefined {
  const bare: string[] = []
  const json = text.replace(STRING_OR_VARIABLE, (found, name?: string) => {
    if (name === undefined) return found
    bare.push(name)
    return JSON.stringify(`{{${name}}}`)
  })
  try {
    return { value: JSON.parse(json), bare }
  } catch {
    return undefined
  }
}
