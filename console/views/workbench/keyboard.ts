/** What single keys do, and which element they act on: the first that is visible and has the key in its `aria-keyshortcuts`. */
const SHORTCUTS = ['/', 'p', 'Control+Enter']

/** What the keyboard asks for, and may use. */
export interface KeyboardActions {
  readonly openPalette: () => void
  readonly openHelp: () => void
  /** Whether keys without Control count: the reader may have switched them off. */
  readonly areSingleKeysOn: () => boolean
  /** Whether a dialog is open: then only the palette is opened. */
  readonly isBusy: () => boolean
  /** Called if nothing visible has the key: a narrow page then shows that part. */
  readonly onShortcut: (key: string) => Promise<void>
}

/** Listens to the keys of the page. Returns a function that ends it. */
export function listenToKeys(actions: KeyboardActions): () => void {
  const listener = (event: KeyboardEvent) => {
    const isCommand = event.ctrlKey || event.metaKey
    const key = `${isCommand ? 'Control+' : ''}${event.key}`
    if (event.altKey || event.isComposing) return
    if (key.toLowerCase() === 'control+k') {
      event.preventDefault()
      actions.openPalette()
    }
    if (actions.isBusy() || event.defaultPrevented) return
    if (!isCommand && (isTyping(event) || !actions.areSingleKeysOn())) return
    if (key === '?') actions.openHelp()
    else if (!SHORTCUTS.includes(key)) return
    // What has the focus may send by itself.
    else if (isCommand && event.composedPath().some((target) => Object(target).localName === 'nsp-event')) return
    else void press(key, actions)
    event.preventDefault()
  }
  addEventListener('keydown', listener)
  return () => removeEventListener('keydown', listener)
}

async function press(key: string, { onShortcut }: KeyboardActions): Promise<void> {
  const selector = `[aria-keyshortcuts~="${key}"]`
  let element = findVisible(document, selector)
  if (!element) {
    await onShortcut(key)
    element = findVisible(document, selector)
  }
  if (element?.matches('input, textarea')) element.focus()
  else element?.click()
}

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath()
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.matches('textarea, select, input:not([type="checkbox"], [type="radio"])')
}

/** The first visible element in the page, through the borders of shadow roots. */
function findVisible(root: ParentNode, selector: string): HTMLElement | undefined {
  for (const element of root.querySelectorAll<HTMLElement>('*')) {
    if (element.matches(selector) && element.checkVisibility()) return element
    const found = element.shadowRoot && findVisible(element.shadowRoot, selector)
    if (found) return found
  }
  return undefined
}
