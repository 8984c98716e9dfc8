import { readLink, writeLink } from '../../workbench/link.js'
import { isThere, openMessage } from '../../workbench/message.js'
import type { Workspace } from '../../workbench/workspace.js'

/**
 * Keeps the address of the page and its selection the same: links, reloads, back and forward lead to what they name. A link only
 * fills in a draft; nothing is sent. Returns a function that ends it.
 */
export function followLinks(workspace: Workspace): () => void {
  const { selection } = workspace

  function follow(): void {
    const target = readLink(location.hash)
    if (!target || !isThere(workspace, target.selection)) return
    const { selection: wanted, draft } = target
    // Who goes back to a link that was followed finds the draft as it was left.
    const isFollowed = history.state === FOLLOWED
    history.replaceState(FOLLOWED, '')
    if (draft && !isFollowed && 'name' in wanted) {
      const event = 'event' in wanted ? wanted.event : (draft.params.event ?? '')
      openMessage(workspace, { name: wanted.name, event, ...draft })
    }
    if (writeLink({ selection: wanted }) !== writeLink({ selection: selection.getSnapshot() })) selection.set(wanted)
  }

  function show(): void {
    const hash = writeLink({ selection: selection.getSnapshot() })
    const shown = readLink(location.hash)
    if (!shown || writeLink({ selection: shown.selection }) !== hash) history.pushState(FOLLOWED, '', hash)
  }

  follow()
  addEventListener('popstate', follow)
  const end = selection.subscribe(show)
  return () => {
    removeEventListener('popstate', follow)
    end()
  }
}

const FOLLOWED = 'followed'
