/*
 * A scenario: what clients do, step by step, and what they expect. docs/cli.md documents the format.
 */

interface StepBase {
  readonly title?: string
  /** Name of the client that does it; default: the one that joined last. */
  readonly client?: string
  /** Line of the file. */
  readonly line: number
}

/** Joins a namespace; with `refused`, expects that it is refused. */
export interface JoinStep extends StepBase {
  readonly join: string
  readonly auth?: Readonly<Record<string, unknown>>
  readonly refused?: unknown
}

/** Calls an event, and waits for its ack. */
export interface CallStep extends StepBase {
  readonly call: string
  readonly payload?: unknown
  /** What the ack envelope matches; default: `{ ok: true }`. */
  readonly expect?: unknown
  /** Variable -> path in the envelope. */
  readonly save?: Readonly<Record<string, string>>
  readonly timeout?: string
}

/** Sends an event without an ack. */
export interface SendStep extends StepBase {
  readonly send: string
  readonly payload?: unknown
}

/** Waits for an emit, which may have come already. */
export interface ExpectEmitStep extends StepBase {
  readonly 'expect-emit': string
  /** What the payload of the emit matches. */
  readonly payload?: unknown
  readonly save?: Readonly<Record<string, string>>
  readonly timeout?: string
}

/** Opens a stream, and reads it to its end, or to a number of items. */
export interface StreamStep extends StepBase {
  readonly stream: string
  readonly payload?: unknown
  readonly count?: number
  /** What `{ items, ok, data, error }` matches. */
  readonly expect?: unknown
  readonly save?: Readonly<Record<string, string>>
  readonly timeout?: string
}

/** Leaves a namespace. */
interface LeaveStep extends StepBase {
  readonly leave: string
}

export type ScenarioStep = JoinStep | CallStep | SendStep | ExpectEmitStep | StreamStep | LeaveStep

export interface Scenario {
  /** The file, for messages. */
  readonly file: string
  readonly name: string
  /** The server's URL, which the command line overrides. */
  readonly url: string | undefined
  /** The values of the file; `null` where the user has to give one. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Variables whose values are never written. */
  readonly secrets: readonly string[]
  readonly steps: readonly ScenarioStep[]
}
