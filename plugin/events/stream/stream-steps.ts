import type { CompiledEvent, CompiledStream } from '../../definition/compile-contract.js'
import { callIn } from '../../shared/async-scope.js'
import { FST_NSP_STREAM_UNREAD } from '../../shared/errors/stream-errors.js'
import { FST_NSP_CLOSING, FST_NSP_HANDLER_TIMEOUT, FST_NSP_SOCKET_GONE } from '../../shared/errors.js'
import { isThenable, promiseOf } from '../../shared/maybe-async.js'
import { toItemError } from '../event-error.js'
import type { EventRun } from '../event-run.js'
import { ItemWriter } from './item-writer.js'
import { LiveStream } from './live-stream.js'
import type { StreamContext } from './stream-context.js'
import type { StreamGate } from './stream-gate.js'
import { type ItemId, isItemId, readStreamOptions } from './stream-options.js'

/*
 * What the dispatch of a stream does beside that of any event.
 */

export interface StreamStepsOptions {
  readonly event: CompiledEvent
  readonly stream: CompiledStream
  /** Milliseconds; 0 turns it off. */
  readonly handlerTimeoutMs: number
  /** Answers an event with an error, unless it has ended. */
  readonly refuse: (run: EventRun, error: unknown) => void
}

export interface StreamSteps {
  /** The first step: reads the options, and keeps the stream under its id. */
  open(run: EventRun): void
  /** Sends the items of what the handler has returned. Resolves to the result of the event, or to STOPPED. */
  iterate(produced: unknown, run: EventRun): Promise<unknown>
  /** Called when the event has ended, before its ack is sent. */
  end(run: EventRun): void
  /** Called when the event is not in flight any more. */
  leave(run: EventRun): void
}

/** Longest that an event without a timeout waits for a generator that it has stopped. */
const RETURN_TIMEOUT_MS = 10_000

export function createStreamSteps({ event, stream, handlerTimeoutMs, refuse }: StreamStepsOptions): StreamSteps {
  const { credits: mostCredits, readTimeoutMs, itemId: idOf, check } = stream
  const { name } = event
  const timeouts = { item: handlerTimeoutMs, reader: readTimeoutMs }
  const returnTimeoutMs = handlerTimeoutMs || RETURN_TIMEOUT_MS

  function sendItem(item: unknown, live: LiveStream): unknown {
    // An iterable that is not asynchronous may give promises. If one rejects, the handler has failed.
    if (isThenable(item)) {
      return promiseOf(item).then(
        (settled) => sendItem(settled, live),
        (error) => live.end(error),
      )
    }
    const checked = check(item)
    return isThenable(checked) ? promiseOf(checked).then((value) => write(value, live)) : write(checked, live)
  }

  function write(item: unknown, live: LiveStream): void {
    live.write(item, idOf && readItemId(idOf(item)))
  }

  function lateError(awaited: 'item' | 'reader', { hasBegun }: LiveStream): Error {
    if (awaited === 'reader') return new FST_NSP_STREAM_UNREAD(name, readTimeoutMs)
    const what = hasBegun ? `The next item of ${name}` : `The first item of ${name}, hooks included,`
    return new FST_NSP_HANDLER_TIMEOUT(what, 'handlerTimeoutMs', handlerTimeoutMs)
  }

  function create(run: EventRun): LiveStream {
    const { context, connection } = run
    const socket = context.socket
    const { isText } = gateOf(run).rules
    const opened = readStreamOptions(run.incoming, stream)
    return new LiveStream({
      opened,
      mostCredits,
      timeouts,
      returnTimeoutMs,
      sendItem,
      lateError,
      abort: (error) => callIn(connection.scope, context.abort, context, error),
      refuse: (error) => refuse(run, error),
      itemError: (thrown) => toItemError(thrown, name, run.log, 'item of a stream can not be sent'),
      report: (err) => run.log.write('warn', { err, event: name }, 'stream could not be stopped'),
      createWriter: (whenWritten) => new ItemWriter(socket, opened.id, stream.write, isText, whenWritten),
    })
  }

  return {
    open(run) {
      const { streams, rules } = gateOf(run)
      // A middleware may let an event pass while the server closes. Nothing would end its stream.
      if (rules.drain.isClosed) throw new FST_NSP_CLOSING()
      const live = create(run)
      streams.add(live, name)
      rules.drain.streams.add(live)
      contextOf(run).stream = live
      live.begin()
    },

    iterate(produced, run) {
      const { context } = run
      const live = contextOf(run).stream as LiveStream
      // Nothing aborts an event before it is asynchronous.
      if (run.isGone) context.abort(new FST_NSP_SOCKET_GONE())
      let result: Promise<unknown>
      try {
        result = live.iterate(produced)
      } catch (error) {
        throw toItemError(error, name, run.log, 'stream has no items')
      }
      gateOf(run).beginStream()
      return result
    },

    end(run) {
      const live = contextOf(run).stream
      if (!live) return
      const { streams, rules } = gateOf(run)
      live.finish()
      streams.delete(live)
      rules.drain.streams.delete(live)
    },

    leave(run) {
      if (contextOf(run).stream?.hasBegun) gateOf(run).leaveStream()
      else run.gate.leave()
    },
  }
}

/** The namespace has a stream, so its gates are made for streams: gate/socket-gate. */
function gateOf({ gate }: EventRun): StreamGate {
  return gate as StreamGate
}

function contextOf({ context }: EventRun): StreamContext {
  return context as StreamContext
}

function readItemId(id: unknown): ItemId {
  if (isItemId(id)) return id
  // Nothing awaits the promise: without a handler its rejection would end the process.
  if (isThenable(id)) id.then(undefined, () => {})
  throw new TypeError('itemId must return a number, or a string of at most 1024 characters')
}
