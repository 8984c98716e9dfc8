import { SYSTEM_CLOCK } from '../../plugin/presence/presence-clock.js'
import { PresencePlaces } from '../../plugin/presence/presence-places.js'

/*
 * What a join costs the node where it happens, and each other node: CPU, without the emits to clients. And what the state of so many
 * keys is. The nodes are in one process.
 */

const PLACE = '/lobby'
const RULES = { graceMs: 0, maxKeys: 10_000 }
const JOINS = 20_000

/** Two nodes, and the text of what they send each other. */
function createNodes(): PresencePlaces[] {
  const receivers = new Map<string, (from: string, message: unknown) => void>()
  return ['one', 'two'].map((id) => {
    const places = new PresencePlaces({
      clock: SYSTEM_CLOCK,
      link: {
        id,
        send(to, message) {
          const text = JSON.stringify(message)
          for (const [name, receive] of receivers) {
            if (name !== id && (to ?? name) === name) setImmediate(() => receive(id, JSON.parse(text)))
          }
        },
        receive: (receive) => void receivers.set(id, receive),
      },
    })
    places.open()
    return places
  })
}

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

console.log('keys there | us of CPU a join and leave, two nodes | state, kB | ms to write the state')
for (const keys of [10, 100, 1_000, 10_000]) {
  const [one, two] = createNodes() as [PresencePlaces, PresencePlaces]
  const held = [one, two].map((node) => node.hold(PLACE, RULES))
  for (const one of held) one.follow(() => {})
  for (let at = 0; at < keys; at++) one.add(PLACE, `user-${at}`, { name: `Name of ${at}` })
  await rest(1_500)
  const before = process.cpuUsage()
  for (let at = 0; at < JOINS; at++) {
    one.add(PLACE, `guest-${at}`, { name: `Guest ${at}` })
    one.lose(PLACE, `guest-${at}`, 0)
    if (at % 20 === 19) await rest(1)
  }
  const { user, system } = process.cpuUsage(before)
  await rest(200)
  const state = held[1]?.state
  const began = performance.now()
  const text = JSON.stringify(state)
  const ms = performance.now() - began
  console.log(
    [keys, ((user + system) / JOINS).toFixed(1), (text.length / 1_000).toFixed(1), ms.toFixed(1)].join(' | '),
    state?.entries.length === keys ? '' : `but ${state?.entries.length} keys`,
  )
  one.close()
  two.close()
}
process.exit()
