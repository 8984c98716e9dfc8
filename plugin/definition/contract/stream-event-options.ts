/** The options of an event with `stream`. */
export interface StreamEventOptions<Item> {
  /**
   * The id of an item, which makes the stream resumable: a client that opens it again sends the id of the last item that it has
   * received, and the handler reads it as `context.lastId`.
   */
  itemId?: (item: Item) => string | number
  /**
   * The most items in flight, 1 to 1024. The handler is not asked for another one until the client is ready for it.
   * @defaultValue 16
   */
  credits?: number
  /**
   * Milliseconds that a client may leave the stream unread before it ends with `FST_NSP_STREAM_UNREAD`. 0 turns it off.
   * @defaultValue 60_000
   */
  readTimeoutMs?: number
}
