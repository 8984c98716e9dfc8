/** How much of an answer a step expects: only that it came, the types of its values, or the values. */
export type Keep = 'nothing' | 'types' | 'exactly'

/** One step of a recording. Texts in it may have variables: `{{name}}`. */
export interface RecordedStep {
  readonly id: number
  readonly kind: 'join' | 'call' | 'send' | 'expect-emit' | 'stream' | 'leave'
  /** The client that does it: one identity in one namespace. */
  readonly client: string
  /** The address of a join or a leave; otherwise the name of the event or emit. */
  readonly target: string
  /** What is sent; of a join, its `auth`. Undefined: nothing. */
  readonly sent?: unknown
  /** The code of the error that came back; empty for an error of the connection, whose code is another one in a test. */
  readonly code?: string
  /** What may be expected: the data of an ack, the items of a stream, the payload of an emit. */
  readonly answer?: unknown
  readonly keep: Keep
  /** After how many items a stream was cancelled. */
  readonly count?: number
  /** How many emits of the same name have come before, which no step expects. */
  readonly skipped?: number
}

/** A recording, with what is needed to export it. */
export interface Recording {
  readonly title: string
  /** The origin of the server. */
  readonly url: string
  /** The path of the handshake. */
  readonly path: string
  readonly steps: readonly RecordedStep[]
  readonly variables: readonly RecordedVariable[]
}

export interface RecordedVariable {
  readonly name: string
  /** Undefined if whoever runs it has to give it. */
  readonly value?: unknown
  readonly isSecret: boolean
}
