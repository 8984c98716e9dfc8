import type { BroadcastOperator, DefaultEventsMap, RemoteSocket } from 'socket.io'
import type { InputOf, IsAny, None, OutputOf } from '../schema/schema.js'

/*
 * What is emitted, as types: by a socket, and to an audience. Emits and Answers are maps from the name of an emit to a schema,
 * and Data is the schema of `socket.data`.
 */

// An emit that is declared without a payload carries none; `ask` has a place for it, before its options.
type EmitArgs<Schema> = unknown extends Schema ? [] : [payload: InputOf<Schema>]
export type AskArgs<Schema> =
  IsAny<Schema> extends true
    ? [payload?: unknown, options?: AskOptions]
    : unknown extends Schema
      ? [payload?: undefined, options?: AskOptions]
      : [payload: InputOf<Schema>, options?: AskOptions]
export type AnswerOf<Answers, Event> = Event extends keyof Answers
  ? unknown extends Answers[Event]
    ? unknown
    : OutputOf<Answers[Event]>
  : unknown

// biome-ignore lint/suspicious/noExplicitAny: of a definition that nothing is known of
type SentArgs<Schema> = IsAny<Schema> extends true ? any[] : EmitArgs<Schema>

/** The emits of a definition as Socket.IO types them. */
export type EmitEvents<Emits> =
  // Of a definition without `emits` in the options of register() any name is inferred.
  string extends keyof Emits ? DefaultEventsMap : { [Event in keyof Emits]: (...args: EmitArgs<Emits[Event]>) => void }

/** What stands in `socket.data`; where the definition does not say it, whatever Socket.IO says. */
// biome-ignore lint/suspicious/noExplicitAny: that is Socket.IO's own
export type SocketData<Data> = unknown extends Data ? any : OutputOf<Data>

/** Asks clients something and waits for their answers. `timeoutMs` defaults to 10_000. */
export interface AskOptions {
  timeoutMs?: number
}

/** What all that hears an emit has; `This` is what its modifiers give. */
interface Modifiers<This> {
  /** Adds rooms. */
  to(room: string | string[]): This
  /** Adds rooms: the same as `to`. */
  in(room: string | string[]): This
  /** Leaves out rooms, or sockets by their id. */
  except(room: string | string[]): This
  /** Only the sockets of this node. */
  readonly local: This
  /** May be lost by who can't receive it right now. */
  readonly volatile: This
  /** Whether it is compressed, where the engine's options allow it. */
  compress(isCompressed: boolean): This
}

/** Where an emit goes: everybody in some rooms. */
export interface Audience<Emits, Answers = None, Data = unknown>
  extends Pick<BroadcastOperator<EmitEvents<Emits>, unknown>, 'emit'>,
    Modifiers<Audience<Emits, Answers, Data>> {
  /**
   * The same audience, whose emits are answered: within that time, in milliseconds.
   *
   * @example
   * to('members').timeout(5_000).emit('poll:ask', 'Tea?', (error, answers) => log.info({ error, answers }))
   */
  timeout(ms: number): TimedAudience<Emits, Answers>
  /**
   * Emits, and waits for an answer of every socket, or for `timeoutMs`.
   * Resolves to the answers by socket id, and the ids of those that did not answer, or not what the schema wants.
   *
   * @example
   * const { answers, missing } = await to('members').ask('poll:ask', 'Tea?', { timeoutMs: 5_000 })
   */
  ask<Event extends keyof Emits & string>(
    event: Event,
    ...args: AskArgs<Emits[Event]>
  ): Promise<{ answers: Map<string, AnswerOf<Answers, Event>>; missing: string[] }>
  /** The sockets of this audience, those of other nodes too where the adapter knows them. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents<Emits>, SocketData<Data>>[]>
  /** Makes them leave the namespace; `close` ends their connections, too. */
  disconnectSockets(close?: boolean): void
}

/** An audience that answers what it is sent, each answer as the emit's `reply` has it. */
export interface TimedAudience<Emits, Answers = None> extends Modifiers<TimedAudience<Emits, Answers>> {
  /**
   * Emits; `ack` is called once. `error`: somebody has not answered in time, or not what the schema wants; `answers` are
   * those that fit, all the same.
   */
  emit<Event extends keyof Emits & string>(
    event: Event,
    ...args: [...SentArgs<Emits[Event]>, ack: (error: Error | null, answers: AnswerOf<Answers, Event>[]) => void]
  ): boolean
  /** The same as a promise. Rejects with that error; the answers that fit are its `responses`. */
  emitWithAck<Event extends keyof Emits & string>(
    event: Event,
    ...args: SentArgs<Emits[Event]>
  ): Promise<AnswerOf<Answers, Event>[]>
}

/** Emits to one socket: a function, and the same with what Socket.IO's operators say of an emit. */
export interface SocketEmit<Emits, Answers = None> {
  <Event extends keyof EmitEvents<Emits> & string>(event: Event, ...args: Parameters<EmitEvents<Emits>[Event]>): boolean
  /** May be lost by a client that can't receive it right now: `emit.volatile('cursor:moved', point)`. */
  readonly volatile: SocketEmit<Emits, Answers>
  /** Whether it is compressed, where the engine's options allow it: `emit.compress(false)('file:new', file)`. */
  compress(isCompressed: boolean): SocketEmit<Emits, Answers>
  /**
   * Gives an emit that is answered, within that time, in milliseconds, and by the emit's `reply`:
   * `emit.timeout(5_000)('poll:ask', 'Tea?', (error, answer) => …)`. `ask` gives a promise of the same.
   */
  timeout(
    ms: number,
  ): <Event extends keyof Emits & string>(
    event: Event,
    ...args: [...SentArgs<Emits[Event]>, ack: (error: Error | null, answer?: AnswerOf<Answers, Event>) => void]
  ) => boolean
}
