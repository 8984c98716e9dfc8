/** What the server tells its console: the answer of `config.json`. */
export interface ConsoleConfig {
  /** The title of the page. */
  readonly title: string
  /** The path of the handshake, as the server sees it, e.g. `/socket.io`. */
  readonly path: string
  /** The path of the console, as the server sees it, e.g. `/namespaces/`. A proxy may have put a prefix before both. */
  readonly page: string
  /** Whether the page looks for changes of the server by itself: while it is developed. */
  readonly isLive: boolean
}
