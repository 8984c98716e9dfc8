/*
 * Who is measured. Each name has its file, whose `start` makes the server of one scenario.
 */

export interface Contender {
  readonly name: string
  /** Below bench/, of what `transpile` has made or of bench/peers. */
  readonly file: string
  /** What its clients speak: Socket.IO's protocol, or bare frames. */
  readonly dialect: 'socket.io' | 'ws'
  /** Whether its acks are `{ ok, data }`. */
  readonly hasEnvelope: boolean
}

const server = { dialect: 'socket.io', hasEnvelope: false } as const

// The first is what all others are compared with, but for `ws` in the table's first line.
export const CONTENDERS = [
  { ...server, name: 'ws', file: '.built/contenders/ws.js', dialect: 'ws' },
  { ...server, name: 'bare', file: '.built/contenders/bare.js' },
  { ...server, name: 'bare again', file: '.built/contenders/bare.js' },
  { ...server, name: 'ours', file: '.built/contenders/ours.js', hasEnvelope: true },
  { ...server, name: 'ours plain', file: '.built/contenders/ours-plain.js', hasEnvelope: true },
] as const satisfies readonly Contender[]

export type ContenderName = (typeof CONTENDERS)[number]['name']

/** What all others are compared with. */
export const BASE: ContenderName = 'bare'
/** The same once more: how far it is from 1.00 is the noise. */
export const CONTROL: ContenderName = 'bare again'
