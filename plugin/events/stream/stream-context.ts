import { FST_NSP_SOCKET_GONE } from '../../shared/errors.js'
import { RunContext } from '../event-context.js'
import type { LiveStream } from './live-stream.js'
import type { ItemId } from './stream-options.js'

/*
 * The context that the handler and the hooks of a stream receive.
 */

export class StreamContext extends RunContext {
  /** Set by the first step of the event. */
  stream: LiveStream | undefined = undefined

  /** The id of the last item that the client has received, if it resumes. */
  get lastId(): ItemId | undefined {
    return this.stream?.lastId
  }

  /** Aborts `signal`, and ends the stream. */
  override abort(reason: Error): void {
    super.abort(reason)
    this.stream?.stop(this.socket.connected ? reason : new FST_NSP_SOCKET_GONE())
  }
}
