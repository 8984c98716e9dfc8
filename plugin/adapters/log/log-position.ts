import type { LogPosition } from '../broker.js'

/*
 * Places in the order of a cluster. An offset names one emit, and is what a client sends when it comes back: the epoch of the broker's
 * data, the position of an entry, and the index of the emit within the entry. A wire format, opaque to clients.
 */

export interface Offset {
  readonly epoch: string
  readonly position: LogPosition
  readonly index: number
}

/** The position before the first entry of every log. */
export const LOG_START: LogPosition = '0'

const OFFSET = /^(.{1,100})\.(\d{1,20}(?:-\d{1,20})?)\.(\d{1,9})$/

export function formatOffset(epoch: string, position: LogPosition, index: number): string {
  return `${epoch}.${position}.${index}`
}

/** Reads what {@link formatOffset} has written; undefined for any other text. */
export function parseOffset(text: string): Offset | undefined {
  const [, epoch, position, index] = OFFSET.exec(text) ?? []
  if (epoch === undefined || position === undefined) return undefined
  return { epoch, position, index: Number(index) }
}

/** Negative if the first position is before the second one, 0 if they are the same. */
export function comparePositions(one: LogPosition, other: LogPosition): number {
  if (one === other) return 0
  const [major = '', minor = '0'] = one.split('-')
  const [otherMajor = '', otherMinor = '0'] = other.split('-')
  return compareDecimals(major, otherMajor) || compareDecimals(minor, otherMinor)
}

/** Numbers as texts, without leading zeros: a position may be too large for a number. */
function compareDecimals(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length
  if (one === other) return 0
  return one < other ? -1 : 1
}
