import { type ReactNode, useLayoutEffect, useRef } from 'react'

const NEAR_PX = 40

interface GrowingListProps {
  readonly label: string
  /** Identifies the last entry: when it changes, the list has grown. */
  readonly last: unknown
  /** Whether a screen reader announces new entries. */
  readonly isAnnounced: boolean
  readonly children: ReactNode
}

/** Entries in a box that scrolls. Its end stays in view, unless the reader has scrolled away from it. */
export function GrowingList({ label, last, isAnnounced, children }: GrowingListProps) {
  const box = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)

  function look() {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = box.current ?? {}
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: the list has grown when `last` has changed
  useLayoutEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [last])

  return (
    <div
      className="box"
      role="log"
      aria-label={label}
      aria-live={isAnnounced ? 'polite' : 'off'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable with the keyboard
      tabIndex={0}
      ref={box}
      onScroll={look}
    >
      {children}
    </div>
  )
}
