import { randomBytes } from 'node:crypto'

/*
 * Positions in the events that an adapter has sent: the offset that each event carries. A wire format, opaque to clients.
 */

const PROCESS = randomBytes(4).toString('hex')
const OFFSET = /^([0-9a-f]+-\d+)\.(\d+)$/
let epochs = 0

/** Creates an epoch. A position of another epoch, in particular of an earlier process, is meaningless. */
export function createEpoch(): string {
  return `${PROCESS}-${epochs++}`
}

export function formatOffset(epoch: string, sequence: number): string {
  return `${epoch}.${sequence}`
}

/**
 * Reads the sequence of an offset.
 *
 * @param last - the last sequence of the epoch
 * @returns 0 for an empty offset (the client has received nothing) and for an offset of another epoch; undefined for an offset
 * that was never sent
 */
export function sequenceOf(offset: string, epoch: string, last: number): number | undefined {
  if (offset === '') return 0
  const [, of, text] = OFFSET.exec(offset) ?? []
  if (of === undefined) return undefined
  const sequence = Number(text)
  if (of !== epoch) return 0
  return sequence <= last ? sequence : undefined
}
