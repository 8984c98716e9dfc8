/** A longer text stays in a plain field, and is checked by the server only: it would make the page slow. */
export const LONGEST_TEXT = 100_000
