import { startChat } from './chat.js'
import { connection, isLeavable, join, know, leave, measureRoundTrip, memberships } from './connection.js'
import { websockets } from './websockets.js'

/*
 * The page. It joins /my-namespace, lets the user join and leave the other namespaces, and shows the state of the connection.
 */

const LATENCY_INTERVAL_MS = 2000

const element = (id) => document.getElementById(id)
const write = (id, text) => {
  // A live region announces every write, so write only changes.
  if (element(id).textContent !== text) element(id).textContent = text
}
const timeOf = (date) => new Date(date).toLocaleTimeString([], { hourCycle: 'h23' })

const home = know('/')
const myNamespace = know('/my-namespace')
const chat = know('/chat')
const clock = know('/clock')

// /my-namespace
let greetings = 0
myNamespace.on('hi', (message) => {
  greetings += 1
  write('greeting', message)
  const times = greetings === 1 ? 'once, at' : `${greetings} times, last at`
  write('greeting-note', `Heard ${times} ${timeOf(Date.now())}. It comes whenever someone joins.`)
})

// /
home.on('presence:changed', ({ connections, sockets, startedAt }) => {
  const noun = connections === 1 ? 'connection' : 'connections'
  write('presence-summary', `The server sees ${connections} ${noun}. It started at ${timeOf(startedAt)}.`)
  for (const row of element('tally').children) {
    row.querySelector('dd').textContent = sockets[row.querySelector('dt').textContent]
  }
})
home.on('disconnect', () => {
  write(
    'presence-summary',
    home.active ? 'Unknown while the connection is lost.' : 'Join to see how many clients the server sees.',
  )
  for (const count of element('tally').querySelectorAll('dd')) count.textContent = '–'
})
setInterval(async () => {
  if (home.connected && !document.hidden) await measureRoundTrip(home, 'latency:measure')
}, LATENCY_INTERVAL_MS)
home.on('connect', () => measureRoundTrip(home, 'latency:measure'))

// /clock
clock.on('clock:tick', (now) => {
  element('clock').dateTime = now
  write('clock', timeOf(now))
  write('clock-note', 'One tick a second, while a client has joined.')
})
clock.on('disconnect', () => {
  if (!clock.active) write('clock', '--:--:--')
  write(
    'clock-note',
    clock.active ? 'The last tick before the connection was lost.' : 'It ticks only while a client has joined.',
  )
})

startChat(chat)

const STATE_WORDS = {
  left: 'not joined',
  joining: 'joining…',
  joined: 'joined',
  lost: 'waiting to rejoin',
  refused: 'refused',
}

for (const card of document.querySelectorAll('[data-namespace]')) {
  card.querySelector('.toggle').addEventListener('click', () => {
    const { namespace } = card.dataset
    const { state } = memberships.get(namespace)
    if (state === 'left' || state === 'refused') join(namespace)
    else if (isLeavable(namespace)) leave(namespace)
  })
}

function renderMemberships() {
  for (const { name, state, problem } of memberships.values()) {
    const words = problem ? `${STATE_WORDS[state]}: ${problem}` : STATE_WORDS[state]
    const card = document.querySelector(`[data-namespace="${name}"]`)
    card.dataset.state = state
    card.querySelector('.membership-state').textContent = words
    const isOut = state === 'left' || state === 'refused'
    const toggle = card.querySelector('.toggle')
    toggle.dataset.verb = isOut ? 'join' : 'leave'
    toggle.ariaDisabled = String(!isOut && !isLeavable(name))
    card.querySelector('.verb').textContent = isOut ? 'Join' : 'Leave'
    const stop = document.querySelector(`[data-wire="${name}"]`)
    stop.dataset.state = state
    stop.querySelector('.visually-hidden').textContent = ` ${words}`
  }
}

const CONNECTION_NOTES = {
  idle: 'Closed. The next join opens it again.',
  connecting: 'The connection is being opened.',
  open: 'Every namespace that this page joins shares it.',
  lost: 'Connection lost. The page reconnects and joins its namespaces again.',
}

function renderConnection() {
  const { state, attempt, transports, roundTrip } = connection
  const lostWords = attempt > 0 ? `Trying again (${attempt})` : 'Connection lost'
  const words = { idle: 'Not connected', connecting: 'Connecting…', open: 'Connected', lost: lostWords }
  write('connection-state', words[state])
  element('connection-state').dataset.state = state
  element('wire').dataset.state = state
  write('connection-note', CONNECTION_NOTES[state])

  write('transport', transports.join(' → ') || 'none')
  write('transport-note', noteTransport(state, transports))
  write('websockets-open', String(websockets.open))
  write('websockets-ever', String(websockets.ever))

  const joined = [...memberships.values()].filter((membership) => membership.state === 'joined').map(({ name }) => name)
  const nouns = joined.length === 1 ? 'namespace' : 'namespaces'
  write('shared-by', joined.length > 0 ? `${joined.length} ${nouns}` : 'nobody')
  write('shared-names', joined.join(', ') || 'no namespace is joined')

  write('round-trip', roundTrip ? `${roundTrip.ms.toFixed(1)} ms` : '–')
  write('round-trip-note', roundTrip?.what ?? 'not measured')
}

function noteTransport(state, transports) {
  if (state !== 'open') return 'no connection'
  return transports.length > 1 ? 'upgraded' : 'not upgraded yet'
}

function render() {
  renderMemberships()
  renderConnection()
}

connection.addEventListener('change', render)
websockets.addEventListener('change', render)
render()
join('/my-namespace')
