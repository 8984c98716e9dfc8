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

// Of Redis.
const LAST_MINOR = '18446744073709551615'
const OFFSET = /^(.{1,100})\.(\d{1,20}(?:-\d{1,20})?)\.(\d{1,9})$/

/** The index of an offset behind all items of an entry. */
export const BEHIND_ALL = 999_999_999

export function formatOffset(epoch: string, position: LogPosition, index: number): string {
  return `${epoch}.${position}.${index}`
}

/** Reads what {@link formatOffset} has written; undefined for any other text. */
export function parseOffset(text: string): Offset | undefined {
  const [, epoch, position, index] = OFFSET.exec(text) ?? []
  if (epoch === undefined || position === undefined) return undefined
  return { epoch, position, index: Number(index) }
}

/** A position right before one that is not the start, whether or not anything is there. */
export function positionBefore(position: LogPosition): LogPosition {
  const [major = '', minor] = position.split('-')
  if (minor === undefined) return String(BigInt(major) - 1n)
  return minor === '0' ? `${BigInt(major) - 1n}-${LAST_MINOR}` : `${major}-${BigInt(minor) - 1n}`
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
