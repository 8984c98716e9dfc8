/*
 * What is known of a retained emit by those who send it, who keep it, and who give it to clients.
 */

/** What an emit does to the values of its place: it writes one, or removes one. */
export interface RetainedMark {
  /** The name of the emit. */
  readonly emit: string
  readonly key: string
  readonly isRemoval: boolean
  /** How many values of this emit its place keeps: those that were written longest ago are dropped. */
  readonly most: number
  /** How long they are kept after the last of them was written. Milliseconds. */
  readonly ttlMs: number
}

/** An event's packet, as Socket.IO's own encoder writes it. */
export interface EncodedEmit {
  readonly text: string
  readonly attachments: readonly Buffer[]
}

/** The longest value, in bytes of its packet. */
const LONGEST = 65_536

/** A value that is too long is not kept, and neither is the former one of its key: it would be given as the last one. */
export function isTooLong({ text, attachments }: EncodedEmit): boolean {
  return attachments.reduce((sum, { length }) => sum + length, text.length) > LONGEST
}

/** What an adapter of the plugin tells when it has delivered a retained emit: its event `retained`. */
export interface RetainedItem {
  /** Undefined: it was for the whole address. */
  readonly room: string | undefined
  readonly mark: RetainedMark
  readonly encoded: EncodedEmit
  /** Its place in the log. */
  readonly offset: string
}

/** What the nodes retain together. */
export interface RetainedStore {
  /**
   * Reads a place of a live address: all of its values, those of each emit in the order in which they were written.
   *
   * @param room - undefined: the whole address
   * @throws (rejects) if the broker can't be reached
   */
  read(address: string, room: string | undefined, emits: readonly string[]): Promise<RetainedRead>
}

export interface RetainedRead {
  readonly values: readonly { readonly emit: string; readonly key: string; readonly encoded: EncodedEmit }[]
  /** Whether an emit comes behind all that the values come from, by its place in the log. */
  isBehind(offset: string): boolean
  /** Calls `run` when this node has delivered all that the values come from. Perhaps never: see RetainedReads. */
  whenDelivered(run: () => void): void
}
