import type { Selection, Workspace } from './workspace.js'

/** What the palette offers. */
export interface PaletteCommand {
  readonly title: string
  /** Where it belongs. */
  readonly hint: string
  readonly run: () => unknown
}

const MOST = 50

/** One command for each place of the page: every namespace, event and emit. */
export function placesOf({ description, selection }: Workspace): readonly PaletteCommand[] {
  const go = (title: string, hint: string, target: Selection) => ({ title, hint, run: () => selection.set(target) })
  const places = description
    .getSnapshot()
    .namespaces.flatMap(({ name, events, emits }) => [
      go(name, 'namespace', { view: 'namespace', name }),
      ...Object.keys(events).map((event) => go(event, `${name} event`, { view: 'event', name, event })),
      ...Object.keys(emits).map((event) => go(event, `${name} emit`, { view: 'emit', name, event })),
    ])
  return [...places, go('Connection', 'page', { view: 'connection' })]
}

/** The commands that have each word of a query; those that begin with it come first. */
export function findCommands(commands: readonly PaletteCommand[], query: string): readonly PaletteCommand[] {
  const wanted = query.trim().toLowerCase()
  const words = wanted.split(/\s+/)
  const found = commands.filter(({ title, hint }) => {
    const text = `${title} ${hint}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const rank = ({ title }: PaletteCommand) => (title.toLowerCase().startsWith(wanted) ? 0 : 1)
  return found.sort((one, other) => rank(one) - rank(other)).slice(0, MOST)
}
