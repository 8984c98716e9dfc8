/*
 * A node of the conformance suite, as its checks see it: where clients connect, and the commands that it runs.
 */

/** What a node is started with. */
export interface ConformanceNodeSettings {
  /** The property that its emits of `news` require: another one stands for another version of the application. */
  readonly field: string
}

/** What a node can be told. Arguments and results are JSON. */
export type NodeCommand =
  | 'emit'
  | 'emitBytes'
  | 'emitBigInt'
  | 'ask'
  | 'emitWithAck'
  | 'fetchSockets'
  | 'socketsJoin'
  | 'socketsLeave'
  | 'disconnectSockets'
  | 'serverSideEmit'
  | 'serverSideEmitBigInt'
  | 'serverSideEmitWithAck'
  | 'heard'
  | 'userOf'
  | 'disconnectUser'
  | 'created'
  | 'runs'
  | 'block'
  | 'faults'

/** A running node. */
export interface ConformanceNode {
  /** E.g. `http://127.0.0.1:40123`. */
  readonly url: string
  /** Runs a command. Rejects with an error that has the code of the one that the command has thrown. */
  call(command: NodeCommand, ...args: unknown[]): Promise<unknown>
  /**
   * Sends a signal to the process of the node: SIGKILL, SIGSTOP or SIGCONT.
   *
   * @throws an Error, if the node runs in this process: declare that the adapter lacks `processes`
   */
  signal(signal: NodeJS.Signals): void
  /** Closes its application. Resolves when it has ended; also if it has been killed. */
  close(): Promise<void>
}
