/** The time of the day as the reader's clock shows it, e.g. `14:03:07.120`. */
export function timeOfDay(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(11, 23)
}
