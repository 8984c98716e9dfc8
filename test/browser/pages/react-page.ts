import { createClient } from 'fastify-namespaces/client'
import { useCall, useEvent, useJoinState, useNamespace } from 'fastify-namespaces/react'
import { createElement, StrictMode, startTransition, useLayoutEffect, useState } from 'react'
import { createRoot, type Root } from 'react-dom/client'

/*
 * The page of typed-client-react.test.ts: components over the hooks, which write down what they show.
 */

declare const document: {
  getElementById(id: string): Element
  querySelectorAll(selector: string): Iterable<{ readonly textContent: string }>
}
declare const location: { readonly origin: string }

const CELLS = 20
const CELL_TAKES_MS = 2

const client = createClient(location.origin, { io: { reconnectionDelay: 20, reconnectionDelayMax: 100 } })

type Joined = ReturnType<typeof client.join>

let root: Root
let show: (room: number | undefined) => void
let renderAgain: (round: number) => void
const heard: string[] = []
const torn: string[][] = []
let shown = ''
let changes = 0

/** Shows one room or none. */
function Rooms() {
  const [room, setRoom] = useState<number>()
  show = setRoom
  return room === undefined ? null : createElement(Room, { key: 'room', room })
}

function Room({ room }: { room: number }) {
  const joined = useNamespace(client, '/rooms/:room', { room })
  const { call, data } = useCall(joined, 'number:add')
  useEvent(joined, 'tick', (text: string) => heard.push(`${joined.address} ${text}`))
  return createElement(
    'p',
    { id: 'room' },
    createElement('button', { type: 'button', onClick: () => call(room) }, 'Add'),
    createElement('output', {}, `${room}: ${useJoinState(joined).status} ${data ?? ''}`),
  )
}

/** Compares what the cells show, after each commit. */
function check() {
  const texts = Array.from(document.querySelectorAll('.cell'), ({ textContent }) => textContent)
  const [status = '', ...others] = new Set(texts)
  if (others.length > 0) torn.push([status, ...others])
  if (shown !== status) changes += 1
  shown = status
}

/** Many cells that show one state, and take so long to render that React stops in between. */
function Wall() {
  const joined = useNamespace(client, '/rooms/:room', { room: 0 })
  const [round, setRound] = useState(0)
  renderAgain = setRound
  return Array.from({ length: CELLS }, (_, number) => createElement(Cell, { key: number, joined, round }))
}

function Cell({ joined }: { joined: Joined; round: number }) {
  const { status } = useJoinState(joined)
  const until = performance.now() + CELL_TAKES_MS
  while (performance.now() < until);
  useLayoutEffect(check)
  return createElement('span', { className: 'cell' }, status)
}

const page = {
  mount(name: 'Rooms' | 'Wall') {
    root = createRoot(document.getElementById('root'))
    root.render(createElement(StrictMode, null, createElement({ Rooms, Wall }[name])))
  },
  show: (room?: number) => show(room),
  unmount: () => root.unmount(),
  heard: () => heard,

  /** Renders the wall in transitions until it has shown so many changes of the state. */
  async renderUntilChanged(count: number) {
    for (let round = 1; changes < count; round++) {
      startTransition(() => renderAgain(round))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return { torn, changes }
  },
}

export type ReactPage = typeof page

Object.assign(globalThis, { page })
