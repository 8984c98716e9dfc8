import type { ReactiveControllerHost } from 'lit'
import type { CallError } from '../../../plugin/client.js'
import { callRounds, type Round } from '../../catalog/payload/call-rounds.js'
import { problemsIn } from '../../catalog/sent-problems.js'
import type { CallResult, Session } from '../../session/session-types.js'
import type { Problem } from '../../shared/problem.js'
import type { TimedResult } from './call-results.js'
import type { SendSettings } from './send-options.js'

/** What is sent. */
export interface Sending extends SendSettings {
  readonly session: Session
  readonly address: string
  readonly event: string
  readonly args: readonly unknown[]
  /** The payload as the reader has written it. */
  readonly source: string
}

const RESULTS_KEPT = 5

/** Sends events for a view, once or several times, and keeps what came back. */
export class EventSender {
  readonly #host: ReactiveControllerHost
  #running: AbortController | undefined
  /** The last results, the newest first. */
  results: readonly TimedResult[] = []
  /** Of the last repetition. */
  rounds: readonly Round[] = []
  /** The problems of the payload that the server has told with the last result. */
  problems: readonly Problem[] = []

  constructor(host: ReactiveControllerHost) {
    this.#host = host
    host.addController(this)
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  hostDisconnected(): void {
    this.stop()
  }

  /** Sends no further events. Results that come later are dropped. */
  stop(): void {
    this.#running?.abort()
    this.#running = undefined
    this.#host.requestUpdate()
  }

  async send({ session, address, event, args, source, withAck, timeoutMs, times, everyMs }: Sending): Promise<void> {
    this.stop()
    const running = new AbortController()
    const { signal } = running
    this.#running = running
    this.rounds = []
    const call = async () => {
      if (!withAck) return session.send(address, event, args)
      const result = await session.call(address, event, args, { timeoutMs, signal, source })
      if (this.#running !== running) return
      if (times > 1) this.rounds = [...this.rounds, { ms: result.ms, code: result.error?.code }]
      this.#add(result)
    }
    await callRounds(call, { times, everyMs, signal })
    if (this.#running === running) this.stop()
  }

  #add(result: CallResult): void {
    // Without an ack the server has not seen the payload.
    this.problems = result.acks ? problemsIn(result.error?.details) : []
    this.#keep({ ...result, at: Date.now() })
  }

  /** Keeps why the namespace could not be joined. Nothing is wrong with the payload. */
  refuse(error: CallError): void {
    this.problems = []
    this.#keep({ error, ms: 0, at: Date.now(), isRefusal: true })
  }

  #keep(result: TimedResult): void {
    this.results = [result, ...this.results].slice(0, RESULTS_KEPT)
    this.#host.requestUpdate()
  }

  /** Forgets the problems: the payload was edited. */
  mend(): void {
    this.problems = []
    this.#host.requestUpdate()
  }
}
