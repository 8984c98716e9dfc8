import { type RefObject, useLayoutEffect, useRef } from 'react'

/** A ref of the value of the last render that was shown: not of one that React has thrown away. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value)
  useLayoutEffect(() => {
    latest.current = value
  })
  return latest
}
