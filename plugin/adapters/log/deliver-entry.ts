import type { PlacedEntry } from '../broker.js'
import { type BodyHead, visitItems } from './log-body.js'
import type { LogReceiver } from './log-item.js'

export interface EntryDelivery {
  /** The live addresses of the log. */
  readonly receivers: ReadonlyMap<string, LogReceiver>
  /** Called when something of another node can't be read, or can't be carried out. */
  readonly report: (error: unknown, what: string) => void
}

/**
 * Gives the items of an entry to the addresses that are live.
 *
 * @param offsetOf - called with the index of an item before it is received
 */
export function deliverEntry(
  { node, body }: PlacedEntry,
  head: BodyHead,
  { receivers, report }: EntryDelivery,
  offsetOf: (index: number) => string,
): void {
  const found = head.addresses.map((address) => receivers.get(address))
  if (!found.some(Boolean)) return
  visitItems(
    body,
    head,
    found,
    (item, address, index) => {
      const offset = offsetOf(index)
      try {
        found[address]?.receive(item, node, offset)
      } catch (error) {
        report(error, 'an item of the log was dropped')
      }
    },
    () => report(new TypeError('It is not an item'), 'an item of the log was dropped'),
  )
}

/** Tells live addresses that values which are retained are to be read again. */
export function rereadRetained(
  receivers: EntryDelivery['receivers'],
  addresses: Iterable<string> = receivers.keys(),
): void {
  for (const address of addresses) receivers.get(address)?.rereadRetained?.()
}
