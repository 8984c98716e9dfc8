import type { Readable } from './readable.js'

/** What a browser's window has, and Node.js has not. */
type EventPart = 'addEventListener' | 'removeEventListener'
type Page = Partial<Record<EventPart, (type: 'beforeunload', listener: (event: UnloadEvent) => void) => void>>

interface UnloadEvent {
  preventDefault(): void
  returnValue: unknown
}

/**
 * Lets the browser ask before the page is left, while something is pending. It listens only then: a page with such a listener is not
 * kept in the back/forward cache.
 *
 * @returns a function that ends it
 */
export function createUnloadWarning(pending: Readable<number>): () => void {
  const page = globalThis as Page
  function warn(event: UnloadEvent): void {
    event.preventDefault()
    event.returnValue = true // what older browsers want
  }
  const listen = (isOn: boolean) => page[isOn ? 'addEventListener' : 'removeEventListener']?.('beforeunload', warn)
  const update = () => listen(pending.getSnapshot() > 0)
  const unsubscribe = pending.subscribe(update)
  update()
  return () => {
    unsubscribe()
    listen(false)
  }
}
