import type { Problem } from '../shared/problem.js'

const SHOWN = 100

/** The problems in the `details` of an error, as far as it has any: a list of `{ path, message }`. */
export function problemsIn(details: unknown): readonly Problem[] {
  if (!Array.isArray(details)) return []
  return details.slice(0, SHOWN).flatMap((detail) => {
    const { path, message } = Object(detail)
    return typeof path === 'string' && typeof message === 'string' ? [{ path, message }] : []
  })
}

/** The problems of the server and those that the page has found: at one path, only the server's. */
export function withoutTwins(server: readonly Problem[], own: readonly Problem[]): readonly Problem[] {
  const paths = new Set(server.map(({ path }) => path))
  return [...server, ...own.filter(({ path }) => !paths.has(path))]
}
