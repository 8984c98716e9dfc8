import type { Socket } from 'socket.io-client'
import type { AnyJoined, AnyListener, ItemStream } from '../any-client.js'
import { isErrorOf } from '../call-error.js'
import type { CallOptions, ClientStreamOptions, GapReason, JoinState } from '../client-options.js'
import type { Readable } from '../readable.js'

/*
 * What `useNamespace()` returns: a namespace that is joined while a component is mounted.
 */

type Off = () => void

/** Something that is added to every join. */
interface Attachment {
  readonly attach: (joined: AnyJoined) => Off
  /** What `off()` is called with. */
  readonly emit: string | undefined
  readonly listener: AnyListener | undefined
  detach?: Off | undefined
}

const JOINING: JoinState = Object.freeze({ status: 'joining' })

/**
 * Rendering one joins nothing, because React renders more often than it mounts. AnyListeners are kept: they may be added before the
 * join, and React may unmount a component and mount it again.
 */
export class MountedNamespace implements AnyJoined {
  readonly #join: () => AnyJoined
  readonly #attachments = new Set<Attachment>()
  readonly #watchers = new Set<Off>()
  #joined: AnyJoined | undefined
  #isLeft = true
  #mounts = 0

  /** @param join - joins the namespace. Called for the first mount, and for each mount after it was left. */
  constructor(join: () => AnyJoined) {
    this.#join = join
    const notify = () => {
      for (const watcher of [...this.#watchers]) watcher()
    }
    this.#attach((joined) => joined.state.subscribe(notify))
  }

  /** Joins. Returns the unmount: it leaves, unless React mounts again in the same tick, as it does in StrictMode. */
  mount(): Off {
    this.#mounts += 1
    if (this.#isLeft) {
      this.#isLeft = false
      this.#joined = this.#join()
      for (const attachment of this.#attachments) {
        attachment.detach?.()
        attachment.detach = attachment.attach(this.#joined)
      }
      for (const watcher of [...this.#watchers]) watcher()
    }
    return () => {
      this.#mounts -= 1
      queueMicrotask(() => {
        if (this.#mounts === 0) this.leave()
      })
    }
  }

  readonly state: Readable<JoinState> = {
    getSnapshot: () => {
      const state = this.#joined?.state.getSnapshot() ?? JOINING
      return state.status === 'joining' ? JOINING : state // the same object before the join and after it
    },
    subscribe: (watcher) => {
      this.#watchers.add(watcher)
      return () => void this.#watchers.delete(watcher)
    },
  }

  readonly isErrorOf = isErrorOf

  rejoin(): void {
    this.#mounted.rejoin()
  }

  leave(): void {
    this.#isLeft = true
    this.#joined?.leave()
  }

  on(emit: string, listener: AnyListener): Off {
    return this.#attach((joined) => joined.on(emit, listener), emit, listener)
  }

  once(emit: string, listener: AnyListener): Off {
    const off = this.#attach(
      (joined) =>
        joined.once(emit, (...args) => {
          off()
          return listener(...args)
        }),
      emit,
      listener,
    )
    return off
  }

  off(emit: string, listener: AnyListener): void {
    for (const attachment of this.#attachments) {
      if (attachment.emit === emit && attachment.listener === listener) this.#detach(attachment)
    }
  }

  answer(emit: string, answer: AnyListener): Off {
    return this.#attach((joined) => joined.answer(emit, answer))
  }

  onGap(listener: (reason: GapReason) => unknown): Off {
    return this.#attach((joined) => joined.onGap(listener))
  }

  call(event: string, payload?: unknown, options?: CallOptions): Promise<unknown> {
    return this.#mounted.call(event, payload, options)
  }

  send(event: string, payload?: unknown): void {
    this.#mounted.send(event, payload)
  }

  stream(event: string, payload?: unknown, options?: ClientStreamOptions): ItemStream {
    return this.#mounted.stream(event, payload, options)
  }

  get name(): string {
    return this.#mounted.name
  }

  get address(): string {
    return this.#mounted.address
  }

  get ready(): Promise<void> {
    return this.#mounted.ready
  }

  get socket(): Socket {
    return this.#mounted.socket
  }

  get #mounted(): AnyJoined {
    if (this.#joined) return this.#joined
    throw new Error('useNamespace() joins when its component mounts: use the namespace in effects and event handlers')
  }

  #attach(attach: Attachment['attach'], emit?: string, listener?: AnyListener): Off {
    const attachment: Attachment = { attach, emit, listener }
    this.#attachments.add(attachment)
    if (this.#joined) attachment.detach = attach(this.#joined)
    return () => this.#detach(attachment)
  }

  #detach(attachment: Attachment): void {
    attachment.detach?.()
    this.#attachments.delete(attachment)
  }
}
