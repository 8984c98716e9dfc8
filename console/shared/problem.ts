/** What is wrong with a value, and where. */
export interface Problem {
  /** A JSON pointer into the value, e.g. `/items/0/price`; empty for the whole value. */
  readonly path: string
  readonly message: string
}
