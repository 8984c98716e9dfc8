/*
 * What an audience is narrowed to, for an emit that is written to an outbox.
 */

/** Takes the place of Socket.IO's operator where an audience narrows it. */
export class EmitRecord {
  readonly rooms: readonly string[]
  readonly excepted: readonly string[]
  /** What an outbox does not keep. */
  readonly modifiers: readonly string[]

  constructor(rooms: readonly string[] = [], excepted: readonly string[] = [], modifiers: readonly string[] = []) {
    this.rooms = rooms
    this.excepted = excepted
    this.modifiers = modifiers
  }

  to(room: string | string[]): EmitRecord {
    return new EmitRecord([...this.rooms, ...[room].flat()], this.excepted, this.modifiers)
  }

  except(room: string | string[]): EmitRecord {
    return new EmitRecord(this.rooms, [...this.excepted, ...[room].flat()], this.modifiers)
  }

  compress(): EmitRecord {
    return this.#with('compress')
  }

  get volatile(): EmitRecord {
    return this.#with('volatile')
  }

  get local(): EmitRecord {
    return this.#with('local')
  }

  #with(modifier: string): EmitRecord {
    return new EmitRecord(this.rooms, this.excepted, [...this.modifiers, modifier])
  }
}
