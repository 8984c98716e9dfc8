import type { AnyJoined } from '../any-client.js'
import { NOBODY, openPresence, type PresentPeople } from '../presence/presence-use.js'
import { createReadable, type Readable } from '../readable.js'

/*
 * What `usePresence()` shows: who is here, while a component is mounted.
 */

export class MountedPresence<Meta> {
  readonly #joined: AnyJoined
  readonly #room: string | undefined
  readonly #people = createReadable<PresentPeople<Meta>>(NOBODY)
  // Set by mount(), which comes first.
  #ask!: () => void

  constructor(joined: AnyJoined, room: string | undefined) {
    this.#joined = joined
    this.#room = room
  }

  get people(): Readable<PresentPeople<Meta>> {
    return this.#people
  }

  /** Listens. Returns the unmount. */
  mount(): () => void {
    const { people, ask, stop } = openPresence<Meta>(this.#joined, this.#room)
    const off = people.subscribe(() => this.#people.set(people.getSnapshot()))
    this.#ask = ask
    return () => {
      off()
      stop()
      this.#people.set(NOBODY)
    }
  }

  /** Asks the server, if it has told others of this page already. */
  ask(): void {
    this.#ask()
  }
}
