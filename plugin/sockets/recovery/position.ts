import { randomBytes } from 'node:crypto'

/*
 * Positions in what an adapter has sent, as clients hold them: the offset behind an event. A wire format, opaque to clients.
 */

const PROCESS = randomBytes(4).toString('hex')
const OFFSET = /^([0-9a-f]+-\d+)\.(\d+)$/
let epochs = 0

/** Makes an epoch: a position means nothing in any other, that of a former process above all. */
export function createEpoch(): string {
  return `${PROCESS}-${epochs++}`
}

export function formatOffset(epoch: string, sequence: number): string {
  return `${epoch}.${sequence}`
}

/**
 * The sequence that an offset stands for in an epoch whose last one is `last`: 0 for the empty offset of a client that
 * has heard nothing, and for an offset of another epoch; undefined for one that nobody has given out.
 */
export function sequenceOf(offset: string, epoch: string, last: number): number | undefined {
  if (offset === '') return 0
  const [, of, text] = OFFSET.exec(offset) ?? []
  if (of === undefined) return undefined
  const sequence = Number(text)
  if (of !== epoch) return 0
  return sequence <= last ? sequence : undefined
}
