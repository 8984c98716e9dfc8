import type { AnyClient, AnyJoined, AnyListener } from '../any-client.js'
import type { CallError } from '../call-error.js'
import type { CallOptions, ClientJoinOptions, ClientStreamOptions } from '../client-options.js'
import type { CallErrorOf } from '../types/call-error-of.js'
import type { Client, JoinArgs } from '../types/typed-client.js'
import type {
  CallArgs,
  CallName,
  EmitListener,
  EmitName,
  ItemAt,
  Joined,
  PayloadAt,
  ReplyAt,
  StreamName,
} from '../types/typed-joined.js'
import type { DefinitionIn } from '../types/typed-rooms.js'

/*
 * The types of the hooks: by the definitions that the client was created with; without definitions, any name goes.
 */

type DefinitionsIn<Given> = Given extends Client<infer Definitions> ? Definitions : unknown
type Otherwise<Known, Untyped, Typed> = unknown extends Known ? Untyped : Typed

/** What a hook takes of a client, typed or not. */
export type GivenClient = Pick<AnyClient, 'manager' | 'pending'>
/** What a hook takes of a joined namespace, typed or not. */
export type GivenJoined = Pick<AnyJoined, 'address' | 'state'>

export type NameIn<Given> = Otherwise<DefinitionsIn<Given>, string, keyof DefinitionsIn<Given> & string>

type DefinitionOf<Given, Name> = Name extends keyof DefinitionsIn<Given> ? DefinitionsIn<Given>[Name] : never

export type NamespaceArgs<Given, Name> = Otherwise<
  DefinitionsIn<Given>,
  [params?: Readonly<Record<string, unknown>>, options?: ClientJoinOptions],
  JoinArgs<DefinitionsIn<Given>, Extract<Name, keyof DefinitionsIn<Given>>>
>

export type NamespaceOf<Given, Name> = Otherwise<DefinitionsIn<Given>, AnyJoined, Joined<DefinitionOf<Given, Name>>>

export type EmitIn<Given> = Otherwise<DefinitionIn<Given>, string, EmitName<DefinitionIn<Given>>>

export type ListenerIn<Given, Emit> = Otherwise<
  DefinitionIn<Given>,
  AnyListener,
  EmitListener<DefinitionIn<Given>, Emit>
>

export type CallIn<Given> = Otherwise<DefinitionIn<Given>, string, CallName<DefinitionIn<Given>>>

export type StreamIn<Given> = Otherwise<DefinitionIn<Given>, string, StreamName<DefinitionIn<Given>>>

type AnswerIn<Given, Event> = Otherwise<DefinitionIn<Given>, unknown, ReplyAt<DefinitionIn<Given>, Event>>

type FailureIn<Given, Event> = Otherwise<DefinitionIn<Given>, CallError, CallErrorOf<DefinitionIn<Given>, Event>>

type HookArgs<Given, Event, Options> = Otherwise<
  DefinitionIn<Given>,
  [payload?: unknown, options?: Options],
  CallArgs<PayloadAt<DefinitionIn<Given>, Event>, Options>
>

/** What `useCall()` returns. */
export interface CallUse<Given, Event> {
  /** Calls the event, as `joined.call()` does. A rejection that nobody awaits is no unhandled rejection: it is in `error`. */
  readonly call: (...args: HookArgs<Given, Event, CallOptions>) => Promise<AnswerIn<Given, Event>>
  /** The last answer. */
  readonly data: AnswerIn<Given, Event> | undefined
  /** Why the last call has failed; undefined after the next one has begun. */
  readonly error: FailureIn<Given, Event> | undefined
  /** Whether the last call waits for its answer. */
  readonly isPending: boolean
}

/** The options of `useStream()`. */
export interface UseStreamOptions extends Pick<ClientStreamOptions, 'credits' | 'resume'> {
  /**
   * How many items are kept: the newest.
   * @defaultValue 1_000
   */
  readonly limit?: number
}

/** The arguments of `useStream()` after the name of the event. */
export type StreamArgs<Given, Event> = HookArgs<Given, Event, UseStreamOptions>

/** What `useStream()` returns. */
export interface StreamUse<Given, Event> {
  /** The newest items, oldest first. */
  readonly items: readonly Otherwise<DefinitionIn<Given>, unknown, ItemAt<DefinitionIn<Given>, Event>>[]
  /** What the handler has returned; undefined before the end. */
  readonly result: AnswerIn<Given, Event> | undefined
  /** Why the stream has failed; undefined if it has not. */
  readonly error: FailureIn<Given, Event> | undefined
  /** Whether no item follows: the stream has ended, has failed, or was cancelled. */
  readonly isDone: boolean
  /** Ends the stream, whose items stay. */
  readonly cancel: () => void
  /** Opens the stream again, without the items of the former one. */
  readonly restart: () => void
}
