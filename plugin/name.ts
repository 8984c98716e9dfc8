import { FST_NSP_NAME_INVALID } from './errors.js'

/*
 * The grammar of namespace names: '/' or segments, each after one slash, as a Socket.IO client writes them.
 * A comma ends the name in a Socket.IO packet, and '?' and '#' end it in a URL: none of them can be part of one.
 */

const FORBIDDEN = /[\s,?#\\\p{Cc}]/u
const SHOWN_LENGTH = 80

/**
 * Checks a name and returns it.
 * throws FST_NSP_NAME_INVALID saying what is wrong with it and what would do.
 */
export function parseName(name: unknown): string {
  const problem = problemOf(name)
  if (problem !== undefined) throw new FST_NSP_NAME_INVALID(quoteName(name), problem)
  return name as string
}

/** Joins a context's prefix and a name as Fastify joins them for a route: '/v1' and '/' give '/v1'. */
export function joinPrefix(prefix: string, name: string): string {
  if (prefix === '' || prefix === '/') return name
  return name === '/' ? prefix : prefix + name
}

/** The segments of a name: none for '/', ['orgs', 'members'] for '/orgs/members'. */
export function segmentsOf(name: string): string[] {
  return name === '/' ? [] : name.slice(1).split('/')
}

function problemOf(name: unknown): string | undefined {
  if (typeof name !== 'string') return `must be a string: got ${name === null ? 'null' : typeof name}`
  if (!name.startsWith('/')) return `must begin with a slash: write ${quoteName(`/${name}`)}`
  if (name === '/') return undefined
  if (name.endsWith('/')) return `must not end with a slash: write ${quoteName(name.replace(/\/+$/, '') || '/')}`
  if (name.includes('//')) return 'must not hold an empty segment: one slash between two segments'
  if (FORBIDDEN.test(name)) return 'must not hold white space, control characters, or one of , ? # \\'
  if (/[:*]/.test(name)) return 'must not hold : or * : dynamic names are not supported yet, see the changelog'
  return undefined
}

function quoteName(name: unknown): string {
  const text = String(name)
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text)
}
