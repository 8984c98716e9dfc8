/*
 * The contenders that are measured. The `start` function of a contender's file starts its server for one scenario.
 */

export interface Contender {
  readonly name: string
  /** Path below bench/: a file that `transpile` or `installNewest` has written, or one of bench/peers. */
  readonly file: string
  /** The protocol of its clients: Socket.IO, or bare WebSocket frames. */
  readonly dialect: 'socket.io' | 'ws'
  /** Whether its acks are `{ ok, data }`. */
  readonly hasEnvelope: boolean
  /** Whether it needs the packages of bench/peers. */
  readonly isPeer: boolean
  /** The scenarios that it takes part in. Default: all that do not exclude it. */
  readonly only?: readonly string[]
  /** One line about it on the page of results. */
  readonly note: string
}

const server = { dialect: 'socket.io', hasEnvelope: false, isPeer: false } as const
const ours = { ...server, hasEnvelope: true } as const
const peer = { ...server, isPeer: true } as const

const JOINS = ['connect', 'join']
const ECHOES = ['echo-4', 'echo-1', 'raw-4', 'paced', 'binary']
const MAIN = [
  ...ECHOES,
  'broadcast-500',
  'broadcast-1000',
  'relay',
  'relay-lone',
  'relay-4',
  'stream',
  ...JOINS,
  'heap-1',
  'heap-5',
]

export const CONTENDERS = [
  { ...server, name: 'ws', file: '.built/contenders/ws.js', dialect: 'ws', note: 'frames and Ajv alone: the limit' },
  { ...server, name: 'bare', file: '.built/contenders/bare.js', note: 'Socket.IO, Ajv by hand' },
  {
    ...server,
    name: 'bare again',
    file: '.built/contenders/bare.js',
    note: 'bare a second time, to measure the noise',
  },
  {
    ...ours,
    name: 'ours',
    file: '.built/contenders/ours.js',
    note: 'everything on: schemas, replies and emits checked, a hook, limits, log',
  },
  {
    ...ours,
    name: 'ours newest',
    file: '.newest/contenders/ours.js',
    only: [...MAIN, 'startup'],
    note: 'ours, packed and installed with the newest fastify and socket.io of the day, and all that they depend on',
  },
  {
    ...ours,
    name: 'ours fast: false',
    file: '.built/contenders/ours-fast-off.js',
    only: MAIN,
    note: 'ours with the option `fast: false`',
  },
  { ...ours, name: 'ours no log', file: '.built/contenders/ours-no-log.js', only: JOINS, note: 'ours without a log' },
  {
    ...ours,
    name: 'ours emits',
    file: '.built/contenders/ours-emits.js',
    only: ['stream'],
    note: 'ours, with items that its handler emits one by one, without credits',
  },
  {
    ...ours,
    name: 'ours conflated',
    file: '.built/contenders/ours-conflated.js',
    only: ['broadcast-500'],
    note: 'ours, whose emit has `conflate`, to clients that read',
  },
  {
    ...ours,
    name: 'ours plain',
    file: '.built/contenders/ours-plain.js',
    note: 'the fewest features; its emits are not declared',
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

/** The contender that all others are compared with. */
export const BASE: ContenderName = 'bare'
/** A second copy of the base: the distance of its ratio from 1.00 is the noise. */
export const CONTROL: ContenderName = 'bare again'
/** The contenders of this package, which `--check` compares. */
export const OURS: readonly ContenderName[] = [
  'ours',
  'ours newest',
  'ours fast: false',
  'ours no log',
  'ours emits',
  'ours conflated',
  'ours plain',
]
