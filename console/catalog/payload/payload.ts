import type { Problem } from '../../shared/problem.js'
import { pointerTo } from './json-parts.js'

/** The bytes of the files that the reader has chosen, by the text that stands for them in a payload. */
export type ChosenFiles = ReadonlyMap<string, Uint8Array>

/** A payload that can be sent, or why it can't. */
export type ReadPayload =
  | { readonly value: unknown; readonly problem?: undefined }
  | { readonly problem: Problem; readonly missing: readonly string[] }

/** Replaces variables, and tells which are missing. */
export type Expand = (text: string) => { readonly text: string; readonly missing: readonly string[] }

/**
 * Reads the text of a payload: replaces its variables, then its bytes. `{ "$file": "name" }` is a chosen file, and
 * `{ "$binary": "base64" }` are bytes. An empty text is no payload: undefined.
 */
export function readPayload(source: string, expand: Expand, files: ChosenFiles): ReadPayload {
  const { text, missing } = expand(source)
  if (missing.length > 0) {
    const names = missing.map((name) => `{{${name}}}`).join(', ')
    return { problem: { path: '', message: `no value for ${names} in this environment` }, missing }
  }
  if (text.trim() === '') return { value: undefined }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: { path: '', message: `is not JSON: ${(error as Error).message}` }, missing: [] }
  }
  try {
    return { value: withBytes(value, files, '') }
  } catch (error) {
    if (error instanceof NoBytes) return { problem: error.problem, missing: [] }
    throw error
  }
}

class NoBytes extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

function withBytes(value: unknown, files: ChosenFiles, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value
  const [entry, ...others] = Object.entries(value)
  if (others.length === 0 && typeof entry?.[1] === 'string') {
    const [key, text] = entry
    if (key === '$file') return files.get(text) ?? refuse(path, `choose the file ${text} again`)
    if (key === '$binary') return fromBase64(text) ?? refuse(path, 'is not base64')
  }
  if (Array.isArray(value)) return value.map((item, index) => withBytes(item, files, path + pointerTo(index)))
  const inner = Object.entries(value).map(([key, item]) => [key, withBytes(item, files, path + pointerTo(key))])
  return Object.fromEntries(inner)
}

function refuse(path: string, message: string): never {
  throw new NoBytes({ path, message })
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (mark) => mark.charCodeAt(0))
  } catch {
    return undefined
  }
}
