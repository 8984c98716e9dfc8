/*
 * The first two bytes of a frame of a client, RFC 6455 section 5.2, without extensions.
 */

/** The opcodes of RFC 6455. */
export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

const FINAL = 0x80
const RESERVED_2_3 = 0x30
const RESERVED_1 = 0x40
const MASKED = 0x80
const LONGEST_CONTROL = 125

export function opcodeOf(first: number): number {
  return first & 15
}

export function isFinal(first: number): boolean {
  return (first & FINAL) !== 0
}

/** Whether it is a close, a ping or a pong. */
export function isControl(first: number): boolean {
  return (first & 8) !== 0
}

/**
 * What is wrong with a frame; undefined if nothing is.
 *
 * @param isContinuing - whether the last fragment of a message has not come
 */
export function findFrameProblem(first: number, second: number, isContinuing: boolean): string | undefined {
  const opcode = opcodeOf(first)
  if ((first & RESERVED_2_3) !== 0) return 'RSV2 and RSV3 must be clear'
  if ((first & RESERVED_1) !== 0) return 'RSV1 must be clear'
  const isExpected =
    opcode === OPCODE.CONTINUATION ? isContinuing : opcode <= OPCODE.BINARY ? !isContinuing : isKnownControl(opcode)
  if (!isExpected) return `invalid opcode ${opcode}`
  if (isControl(first)) {
    if (!isFinal(first)) return 'FIN must be set'
    const length = second & 127
    if (length > LONGEST_CONTROL || (opcode === OPCODE.CLOSE && length === 1)) return `invalid payload length ${length}`
  }
  return second < MASKED ? 'MASK must be set' : undefined
}

function isKnownControl(opcode: number): boolean {
  return opcode >= OPCODE.CLOSE && opcode <= OPCODE.PONG
}
