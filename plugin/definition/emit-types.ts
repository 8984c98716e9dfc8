import type { BroadcastOperator, DefaultEventsMap, RemoteSocket } from 'socket.io'
import type { InputOf, IsAny, None, OutputOf } from '../schema/schema.js'
import type { OutboxClient } from './outbox/emit-outbox.js'

/*
 * The types of emits, to one socket and to an audience. Emits and Answers map the name of an emit to a schema. Data is the
 * schema of `socket.data`.
 */

// An emit without a declared payload has no argument. `ask` keeps its position, because options follow.
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

// biome-ignore lint/suspicious/noExplicitAny: for any definition
type SentArgs<Schema> = IsAny<Schema> extends true ? any[] : EmitArgs<Schema>

/** The emits of a definition as Socket.IO types them. */
export type EmitEvents<Emits> =
  // Inside the options of register(), a definition without `emits` has any name.
  string extends keyof Emits ? DefaultEventsMap : { [Event in keyof Emits]: (...args: EmitArgs<Emits[Event]>) => void }

/** The type of `socket.data`; Socket.IO's own if the definition has no `data`. */
// biome-ignore lint/suspicious/noExplicitAny: Socket.IO's own type
export type SocketData<Data> = unknown extends Data ? any : OutputOf<Data>

/** The options of `ask()`. */
export interface AskOptions {
  /**
   * Milliseconds to wait for the answer.
   * @defaultValue 10_000
   */
  timeoutMs?: number
}

/** The modifiers of a broadcast. `This` is their result. */
interface Modifiers<This> {
  /** Adds rooms. */
  to(room: string | string[]): This
  /** The same as `to`. */
  in(room: string | string[]): This
  /** Leaves out rooms, or sockets by their ids. */
  except(room: string | string[]): This
  /** Emits only to the sockets of this node. */
  readonly local: This
  /** A client that can't receive the emit right now may lose it. */
  readonly volatile: This
  /** Whether the emit is compressed, if the options of the engine turn compression on. */
  compress(isCompressed: boolean): This
}

/** The sockets that a broadcast goes to. Its `emit` throws FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN. */
export interface Audience<Emits, Answers = None, Data = unknown>
  extends Pick<BroadcastOperator<EmitEvents<Emits>, unknown>, 'emit'>,
    Modifiers<Audience<Emits, Answers, Data>> {
  /**
   * The same audience, with emits that wait for answers.
   *
   * @param ms - milliseconds to wait
   *
   * @example
   * to('members').timeout(5_000).emit('poll:ask', 'Tea?', (error, answers) => log.info({ error, answers }))
   */
  timeout(ms: number): TimedAudience<Emits, Answers>
  /**
   * Emits, and waits for the answer of every socket, for `timeoutMs` at most.
   *
   * @returns `answers`: the answers by socket id. `missing`: the ids of the sockets that did not answer, or whose answer does not
   * fit the `reply` of the emit.
   *
   * @example
   * const { answers, missing } = await to('members').ask('poll:ask', 'Tea?', { timeoutMs: 5_000 })
   */
  ask<Event extends keyof Emits & string>(
    event: Event,
    ...args: AskArgs<Emits[Event]>
  ): Promise<{ answers: Map<string, AnswerOf<Answers, Event>>; missing: string[] }>
  /**
   * Emits when a transaction commits, by the option `outbox`. A transaction that is rolled back emits nothing.
   *
   * @param client - of the transaction: `context.sql`, or a client of `pg`
   * @throws (rejects) what `emit` throws, before anything is written; FST_NSP_OUTBOX_MISSING, FST_NSP_OUTBOX_INVALID; the error of the database
   *
   * @example
   * await app.namespaceOf(shop).to('staff').emitIn(sql, 'order:new', order)
   */
  emitIn<Event extends keyof Emits & string>(
    client: OutboxClient,
    event: Event,
    ...args: SentArgs<Emits[Event]>
  ): Promise<void>
  /** The sockets of this audience, including those of other nodes if the adapter knows them. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents<Emits>, SocketData<Data>>[]>
  /**
   * Makes the sockets leave the namespace.
   *
   * @param close - whether to close their connections as well. Default false.
   */
  disconnectSockets(close?: boolean): void
}

/** An audience whose answers are awaited. Each answer is checked by the `reply` of the emit. */
export interface TimedAudience<Emits, Answers = None> extends Modifiers<TimedAudience<Emits, Answers>> {
  /**
   * Emits, and calls `ack` once. Its `error` is FST_NSP_ANSWER_TIMEOUT or FST_NSP_ANSWER_INVALID if a client did not answer in time or
   * does not fit the schema. Its `answers` are the ones that fit, with an error as well.
   */
  emit<Event extends keyof Emits & string>(
    event: Event,
    ...args: [...SentArgs<Emits[Event]>, ack: (error: Error | null, answers: AnswerOf<Answers, Event>[]) => void]
  ): boolean
  /**
   * Emits, and waits for the answers.
   *
   * @throws FST_NSP_ANSWER_TIMEOUT, FST_NSP_ANSWER_INVALID; `responses` of the error has the answers that fit
   */
  emitWithAck<Event extends keyof Emits & string>(
    event: Event,
    ...args: SentArgs<Emits[Event]>
  ): Promise<AnswerOf<Answers, Event>[]>
}

/** Emits to one socket: a function, with modifiers. */
export interface SocketEmit<Emits, Answers = None> {
  <Event extends keyof EmitEvents<Emits> & string>(event: Event, ...args: Parameters<EmitEvents<Emits>[Event]>): boolean
  /** A client that can't receive the emit right now may lose it: `emit.volatile('cursor:moved', point)`. */
  readonly volatile: SocketEmit<Emits, Answers>
  /** Whether the emit is compressed, if the options of the engine turn compression on: `emit.compress(false)('file:new', file)`. */
  compress(isCompressed: boolean): SocketEmit<Emits, Answers>
  /**
   * An emit that waits for the client's answer, checked by the `reply` of the emit. `ask()` returns a promise instead.
   *
   * @param ms - milliseconds to wait
   *
   * @example
   * emit.timeout(5_000)('poll:ask', 'Tea?', (error, answer) => log.info({ error, answer }))
   */
  timeout(
    ms: number,
  ): <Event extends keyof Emits & string>(
    event: Event,
    ...args: [...SentArgs<Emits[Event]>, ack: (error: Error | null, answer?: AnswerOf<Answers, Event>) => void]
  ) => boolean
}
