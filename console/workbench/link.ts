import type { Draft, Selection } from './workspace.js'

/** Where a link leads. */
export interface LinkTarget {
  readonly selection: Selection
  /** What the event is to be sent with. */
  readonly draft?: Draft
}

const LONGEST = 100_000
const LONGEST_NAME = 1_000

/** The hash of a link, e.g. `#/event?ns=/chat&ev=message:send`. */
export function writeLink({ selection, draft }: LinkTarget): string {
  const pairs: (readonly [string, string])[] = []
  if ('name' in selection) pairs.push(['ns', selection.name])
  if ('event' in selection) pairs.push(['ev', selection.event])
  for (const [name, value] of Object.entries(draft?.params ?? {})) if (value !== '') pairs.push([`p.${name}`, value])
  if (draft) pairs.push(['payload', draft.text])
  const query = pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&')
  const view = selection.view === 'start' ? '' : selection.view
  return query ? `#/${view}?${query}` : `#/${view}`
}

/** Reads the hash of a link. Undefined if it is none of this page. */
export function readLink(hash: string): LinkTarget | undefined {
  const [, view, query = ''] = /^#\/([a-z]*)(?:\?(.*))?$/s.exec(hash) ?? []
  if (view === undefined || hash.length > LONGEST) return undefined
  const pairs = new URLSearchParams(query)
  const [name, event, text] = [pairs.get('ns') ?? '', pairs.get('ev') ?? '', pairs.get('payload')]
  const selection = selectionOf(view, name, event)
  if (!selection) return undefined
  const params = [...pairs].flatMap(([key, value]) => (key.startsWith('p.') ? [[key.slice(2), value] as const] : []))
  if (text === null && params.length === 0) return { selection }
  return { selection, draft: { text: text ?? '', params: Object.fromEntries(params) } }
}

function selectionOf(view: string, name: string, event: string): Selection | undefined {
  if (view === '') return { view: 'start' }
  if (view === 'connection') return { view }
  if (!name.startsWith('/') || name.length > LONGEST_NAME || event.length > LONGEST_NAME) return undefined
  if (view === 'namespace' || view === 'plain') return { view, name }
  return (view === 'event' || view === 'emit') && event !== '' ? { view, name, event } : undefined
}

/** Encodes what has to be, and what programs for chats take for the end of a link: braces, parentheses and quotes. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/%(2F|3A|2C)/g, decodeURIComponent)
    .replace(/[()]/g, (found) => (found === '(' ? '%28' : '%29'))
}
