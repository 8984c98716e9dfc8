import { useLayoutEffect } from 'react'
import type { AnyJoined } from '../any-client.js'
import type { EmitIn, GivenJoined, ListenerIn } from './hook-types.js'
import { useLatest } from './use-latest.js'

/**
 * Listens to an emit while the component is mounted. The listener may be a new function at each render.
 *
 * @example
 * useEvent(chat, 'message:new', (message) => setMessages((known) => [...known, message]))
 */
export function useEvent<Given extends GivenJoined, Emit extends EmitIn<Given>>(
  joined: Given,
  emit: Emit,
  listener: ListenerIn<Given, Emit>,
): void
export function useEvent(joined: AnyJoined, emit: string, listener: (...args: never[]) => unknown): void {
  const latest = useLatest(listener)
  // A layout effect: an effect may run after the paint, and the first emit may come before it.
  useLayoutEffect(() => joined.on(emit, (...args) => latest.current(...args)), [joined, emit, latest])
}
