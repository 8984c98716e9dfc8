import { act, createElement, type ReactNode, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { Test } from 'tap'

/*
 * Runs hooks in Node.js: components that render nothing need no DOM but the element that they are mounted in.
 */

Object.assign(globalThis, { window: { event: undefined, HTMLIFrameElement: class {} } })

function createBareElement(): Element {
  const nothing = () => undefined
  const listening = { addEventListener: nothing, removeEventListener: nothing }
  const ownerDocument = { nodeType: 9, activeElement: null, ...listening }
  return { nodeType: 1, nodeName: 'DIV', tagName: 'DIV', ownerDocument, ...listening } as unknown as Element
}

/** Runs a function, and what React does because of it. */
async function settle(change: () => unknown): Promise<void> {
  // React warns of changes outside of act() while this is true. Tests also wait for changes that come by themselves.
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
  await act(async () => void (await change()))
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })
}

/** Mounts a component, in StrictMode if asked. Unmounted with the test. */
export async function mount<Props extends object>(
  t: Test,
  Component: (props: Props) => ReactNode,
  props: Props,
  isStrict = false,
) {
  const root = createRoot(createBareElement())
  const render = (next: Props) => {
    const element = createElement(Component, next)
    return settle(() => root.render(isStrict ? createElement(StrictMode, null, element) : element))
  }
  const unmount = () => settle(() => root.unmount())
  t.teardown(unmount)
  await render(props)
  return { render, unmount, settle }
}
