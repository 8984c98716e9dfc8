import type { Session, SessionAction } from '../session/session-types.js'
import { createWritable, type Readable } from '../shared/writable.js'
import type { Message } from './message.js'
import type { PageStorage } from './page-storage.js'

/** A message that was sent. */
export interface SentMessage extends Message {
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A message that the reader has kept. */
export interface SavedMessage extends Message {
  readonly title: string
}

/** What was sent, and what was saved: both the newest first, kept in the browser without the values of secrets. */
export interface History {
  readonly sent: Readable<readonly SentMessage[]>
  readonly saved: Readable<readonly SavedMessage[]>
  /** Keeps what a session sends from now on. */
  readonly watch: (session: Session) => void
  /** Saves a message. One with the same title is replaced. */
  readonly save: (message: SavedMessage) => void
  readonly remove: (message: SavedMessage) => void
  /** Forgets what was sent. */
  readonly clear: () => void
}

interface HistorySettings {
  readonly storage: PageStorage
  readonly redact: (text: string) => string
  readonly now?: () => number
}

const MOST = 100
const LARGEST = 200_000

export function createHistory({ storage, redact, now = Date.now }: HistorySettings): History {
  const sent = createWritable<readonly SentMessage[]>(readMessages(storage.read('sent'), { at: 'number' }))
  const saved = createWritable<readonly SavedMessage[]>(readMessages(storage.read('saved'), { title: 'string' }))
  for (const [key, messages] of [['sent', sent] as const, ['saved', saved] as const])
    messages.subscribe(() => storage.write(key, messages.getSnapshot()))

  function hide<Kept extends Message>(message: Kept): Kept {
    const params = Object.entries(message.params).map(([key, value]) => [key, redact(value)])
    return { ...message, text: redact(message.text), params: Object.fromEntries(params) }
  }

  function keep(action: SessionAction, session: Session): void {
    const message = sentMessageOf(action, session)
    if (!message) return
    const entry = { ...hide(message), at: now() }
    // What was kept before may have what is a secret now.
    const others = sent
      .getSnapshot()
      .map(hide)
      .filter((one) => !isSame(one, entry))
    sent.set(bound([entry, ...others]))
  }

  return {
    sent,
    saved,
    watch: (session) => void session.onAction((action) => keep(action, session)),
    save(message) {
      const title = redact(message.title)
      const others = saved
        .getSnapshot()
        .map(hide)
        .filter((one) => one.title !== title)
      saved.set(bound([{ ...hide(message), title }, ...others]))
    },
    remove: (message) => saved.set(saved.getSnapshot().filter((one) => one !== message)),
    clear: () => sent.set([]),
  }
}

function sentMessageOf(action: SessionAction, session: Session): Message | undefined {
  if (action.kind === 'join' || action.kind === 'leave') return undefined
  const { name, event, address } = action
  const sent = action.kind === 'stream' ? action.payload : action.args.length > 1 ? action.args : action.args[0]
  const lane = session.lanes.getSnapshot().find((one) => one.address === address)
  const params = Object.entries(lane?.params ?? {}).map(([key, value]) => [key, String(value)])
  return { name, event, text: action.source ?? JSON.stringify(sent) ?? '', params: Object.fromEntries(params) }
}

function isSame(one: Message, other: Message): boolean {
  const key = ({ name, event, text, params }: Message) => JSON.stringify([name, event, text, params])
  return key(one) === key(other)
}

/** The newest that fit. */
function bound<Kept>(messages: readonly Kept[]): readonly Kept[] {
  let size = 0
  return messages.slice(0, MOST).filter((message) => {
    size += JSON.stringify(message).length
    return size <= LARGEST
  })
}

/** The messages that the browser has kept: it may hold anything. */
function readMessages<Kept extends Message>(value: unknown, types: Readonly<Record<string, string>>): readonly Kept[] {
  if (!Array.isArray(value)) return []
  const all = Object.entries({ name: 'string', event: 'string', text: 'string', params: 'object', ...types })
  const isMessage = (one: Record<string, unknown>) =>
    all.every(([key, type]) => typeof one[key] === type) &&
    one.params !== null &&
    Object.values(Object(one.params)).every((param) => typeof param === 'string')
  return value.filter((one) => isMessage(Object(one))).slice(0, MOST)
}
