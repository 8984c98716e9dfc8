/*
 * Who is measured. Each name has its file, whose `start` makes the server of one scenario.
 */

export interface Contender {
  readonly name: string
  /** Below bench/: of what `transpile` has made, or of bench/peers. */
  readonly file: string
  /** What its clients speak: Socket.IO's protocol, or bare frames. */
  readonly dialect: 'socket.io' | 'ws'
  /** Whether its acks are `{ ok, data }`. */
  readonly hasEnvelope: boolean
  /** Whether it needs the packages of bench/peers. */
  readonly isPeer: boolean
  /** One line for who reads the results. */
  readonly note: string
}

const server = { dialect: 'socket.io', hasEnvelope: false, isPeer: false } as const
const peer = { ...server, isPeer: true } as const

export const CONTENDERS = [
  { ...server, name: 'ws', file: '.built/contenders/ws.js', dialect: 'ws', note: 'frames and Ajv alone: the limit' },
  { ...server, name: 'bare', file: '.built/contenders/bare.js', note: 'Socket.IO, Ajv by hand' },
  { ...server, name: 'bare again', file: '.built/contenders/bare.js', note: 'the same once more: the noise' },
  {
    ...server,
    name: 'ours',
    file: '.built/contenders/ours.js',
    hasEnvelope: true,
    note: 'everything on: schemas, replies and emits checked, a hook, limits, log',
  },
  {
    ...server,
    name: 'ours plain',
    file: '.built/contenders/ours-plain.js',
    hasEnvelope: true,
    note: 'the plainest dress; what it emits is not declared',
  },
  {
    ...server,
    name: 'fastify-socket.io',
    file: '.built/contenders/fastify-socket-io.js',
    note: 'on Fastify, Ajv by hand',
  },
  { ...peer, name: 'zod-sockets', file: 'peers/zod-sockets.mjs', note: 'Zod' },
  { ...peer, name: 'socket-controllers', file: 'peers/socket-controllers.mjs', note: 'class-validator' },
  { ...peer, name: 'nest', file: 'peers/nest.mjs', note: 'NestJS gateways, ValidationPipe' },
] as const satisfies readonly Contender[]

export type ContenderName = (typeof CONTENDERS)[number]['name']

/** What all others are compared with. */
export const BASE: ContenderName = 'bare'
/** The same once more: how far it is from 1.00 is the noise. */
export const CONTROL: ContenderName = 'bare again'
/** Whose figures must not get worse. */
export const OURS: readonly ContenderName[] = ['ours', 'ours plain']
