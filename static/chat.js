/*
 * The card of /chat: enter a room, send messages, read messages.
 */

const MESSAGES_KEPT = 200

const roomForm = document.querySelector('#room-form')
const messageForm = document.querySelector('#message-form')
const members = document.querySelector('#room-members')
const transcript = document.querySelector('#transcript')
const messages = document.querySelector('#messages')
const problem = document.querySelector('#chat-problem')

// What each field accepts, in words for the user: the server's message describes a schema.
const FIELDS = {
  '/name': 'Your name needs up to 24 characters, not only blanks.',
  '/room': 'The room needs a name of up to 24 characters, not only blanks.',
  '/text': 'Nothing to send yet: write something, up to 500 characters.',
}

/** Explains an error to the user. The server's `details` name the fields. */
function explain({ code, message, details }) {
  if (code === 'NOT_IN_ROOM') return 'Enter a room first.'
  if (code !== 'FST_NSP_EVENT_INVALID') return message
  return [...new Set(details.map(({ path }) => FIELDS[path] ?? message))].join(' ')
}

/** Connects the card to the socket of /chat. */
export function startChat(socket) {
  // The room of this page, which it enters again after a reconnect: { room, name }.
  let seat

  roomForm.elements.name.value = `guest-${Math.floor(Math.random() * 9000 + 1000)}`
  show('Join /chat, then enter a room.')

  function show(text) {
    members.textContent = text
    roomForm.querySelector('fieldset').disabled = !socket.connected
    messageForm.querySelector('fieldset').disabled = !socket.connected || seat === undefined
  }

  /** Sends an event and shows an error. Resolves to whether the server accepted the event. */
  async function send(event, payload) {
    problem.textContent = ''
    try {
      const answer = await socket.timeout(5000).emitWithAck(event, payload)
      if (!answer.ok) problem.textContent = explain(answer.error)
      return answer.ok
    } catch {
      problem.textContent = 'No answer: the connection was lost.'
      return false
    }
  }

  async function enter(next) {
    if (!(await send('room:join', next))) return
    if (seat?.room !== next.room) messages.replaceChildren()
    seat = next
    messageForm.querySelector('fieldset').disabled = false
  }

  roomForm.addEventListener('submit', async (event) => {
    event.preventDefault()
    const { name, room } = roomForm.elements
    await enter({ name: name.value.trim(), room: room.value.trim() })
    messageForm.elements.text.focus()
  })

  messageForm.addEventListener('submit', async (event) => {
    event.preventDefault()
    const { text } = messageForm.elements
    if (await send('message:send', { text: text.value })) text.value = ''
  })

  socket.on('connect', async () => {
    show('Enter a room.')
    if (seat) await enter(seat)
  })

  socket.on('disconnect', () => {
    if (!socket.active) seat = undefined
    show(seat ? `Back in ${seat.room} when the connection is back.` : 'Join /chat, then enter a room.')
  })

  socket.on('room:changed', ({ room, count, members: names }) => {
    const others = count > names.length ? ` and ${count - names.length} more` : ''
    show(`In ${room}: ${names.join(', ')}${others}`)
  })

  socket.on('message:new', ({ from, text, at }) => {
    const isAtEnd = transcript.scrollTop + transcript.clientHeight >= transcript.scrollHeight - 40
    messages.append(renderMessage({ from, text, at }, from === seat?.name))
    if (messages.childElementCount > MESSAGES_KEPT) messages.firstElementChild.remove()
    if (isAtEnd) transcript.scrollTop = transcript.scrollHeight
  })
}

function renderMessage({ from, text, at }, isOwn) {
  const item = document.createElement('li')
  const author = document.createElement('b')
  const time = document.createElement('time')
  const body = document.createElement('p')
  item.classList.toggle('own', isOwn)
  author.textContent = from
  time.dateTime = at
  time.textContent = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  body.textContent = text
  item.append(author, time, body)
  return item
}
