import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import type { AnyNamespaceDefinition } from '../any-definition.js'
import { read, readDuration, type Source } from './read-value.js'

/*
 * Reads what a definition says of the feed of each of its addresses.
 */

export const FEED_KEYS = ['onFirst', 'onLast', 'onLastGraceMs'] as const

export interface NormalFeed {
  readonly onFirst: AnyNamespaceDefinition['onFirst']
  readonly onLast: AnyNamespaceDefinition['onLast']
  /** Milliseconds. */
  readonly graceMs: number
}

/** A page that is reloaded is back within that. */
const GRACE_MS = 5_000

/**
 * Returns undefined if the addresses have no feed.
 *
 * @throws FST_NSP_DEFINITION_INVALID
 */
export function readFeed(source: Source, path: string): NormalFeed | undefined {
  const onFirst = read<NonNullable<NormalFeed['onFirst']>>(source, 'onFirst', path, 'function')
  const onLast = read<NonNullable<NormalFeed['onLast']>>(source, 'onLast', path, 'function')
  const graceMs = readDuration(source, 'onLastGraceMs', path, 0)
  if (onFirst || onLast) return Object.freeze({ onFirst, onLast, graceMs: graceMs ?? GRACE_MS })
  if (graceMs === undefined) return undefined
  throw new FST_NSP_DEFINITION_INVALID(`${path}.onLastGraceMs`, 'is for onFirst and onLast: write one of them')
}
