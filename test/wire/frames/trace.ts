import type { IncomingMessage } from 'node:http'
import { MemoryConnection } from './connection.js'
import type { Call, Input, Step } from './inputs.js'
import { SERVERS, type ServerName, type ServerSocket, type SocketServer } from './servers.js'

/*
 * Runs an input on a WebSocket server in memory, and writes down what an application and a client see of it.
 */

export interface Trace {
  /** What the application saw, in order, and in what state the connection was at each pause. */
  readonly seen: string[]
  /** What became of each send, by its number. */
  readonly sent: string[]
  /** What the client received. */
  received: Buffer
  /** Whether the connection was destroyed while writes waited: then what the client receives depends on how they were joined. */
  isCutOff: boolean
}

const HEADERS = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** What ours says with the text of another error. */
const TEXTS = new Map([['Unsupported WebSocket frame: payload length > 2^53 - 1', 'Max payload size exceeded']])

/** Turns of the event loop after which nothing happens any more: a write takes one, and so does the end of a connection. */
const QUIET_TURNS = 6

const servers = new Map<string, SocketServer>()

function serverOf(name: ServerName, { maxPayload }: Input): SocketServer {
  const key = `${name} ${maxPayload}`
  let server = servers.get(key)
  if (!server) {
    server = new SERVERS[name]({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload })
    servers.set(key, server)
  }
  return server
}

/** Runs an input; each chunk in its own turn of the event loop, as chunks of a connection come. */
export function run(name: ServerName, input: Input): Promise<Trace> {
  const connection = new MemoryConnection(input.pace)
  // The server listens for errors only while the WebSocket is open.
  connection.on('error', () => {})
  if (input.isGone) connection.destroy()
  const trace: Trace = { seen: [], sent: [], received: Buffer.alloc(0), isCutOff: false }
  const { seen, sent } = trace
  let socket: ServerSocket | undefined
  let messages = 0

  function perform(call: Call): void {
    if (!socket) return
    try {
      if (call.call === 'send' && input.isSilent) socket.send(call.data)
      else if (call.call === 'send') {
        const nth = sent.push('pending') - 1
        socket.send(call.data, (error) => {
          sent[nth] = sent[nth] === 'pending' ? (error ? 'failed' : 'done') : 'twice'
        })
      } else if (call.call === 'close') socket.close(call.code, call.reason)
      else socket.terminate()
    } catch (error) {
      seen.push(`${call.call} throws a ${(error as Error).name}`)
    }
  }

  function observe(opened: ServerSocket): void {
    socket = opened
    opened.on('message', (data: string | Buffer, isBinary: boolean) => {
      seen.push(isBinary ? `binary ${data.toString('latin1')}` : `text ${data}`)
      messages++
      if (input.isEcho) perform({ call: 'send', data: isBinary ? data : data.toString() })
      const call = input.onMessage.get(messages)
      if (call) perform(call)
    })
    for (const kind of ['ping', 'pong']) {
      opened.on(kind, (data: Buffer) => seen.push(`${kind} ${data.toString('latin1')}`))
    }
    opened.on('error', (error: Error) => seen.push(`error ${TEXTS.get(error.message) ?? error.message}`))
    opened.on('close', (code: number, reason: Buffer) => {
      seen.push(`close ${code} ${reason.toString('latin1')} ${opened.readyState}`)
    })
    if (input.onOpen) perform(input.onOpen)
  }

  function pause(): void {
    const end = connection.destroyed ? 'destroyed' : connection.isEnded ? 'ended' : 'open'
    seen.push(`- ${end} ${socket?.readyState}`)
  }

  let chunk: Buffer[] = []
  function feed(): void {
    if (chunk.length === 0) return
    const bytes = Buffer.concat(chunk)
    chunk = []
    if (bytes.length > 0 && !hasEnded && !connection.destroyed) connection.push(bytes)
  }

  let hasEnded = false
  function take(step: Step): void {
    if (Buffer.isBuffer(step)) {
      chunk.push(step)
      return
    }
    feed()
    if (typeof step === 'object') perform(step)
    else if (connection.destroyed) return
    else if (step === 'drain') connection.drain()
    else if (step === 'end' && !hasEnded) {
      hasEnded = true
      connection.push(null)
    } else if (step === 'break') {
      connection.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    }
  }

  // Then the client ends and reads everything; if the server leaves the connection open even so, it breaks.
  const steps: Step[] = [...input.steps, 'wait', 'drain', 'end', 'wait', 'break', 'wait']
  let at = 0
  const head: Buffer[] = []
  if (input.hasHead) while (Buffer.isBuffer(steps[at])) head.push(steps[at++] as Buffer)
  let quiet = 0
  let resolve: (trace: Trace) => void

  function begin(): void {
    const { method = 'GET', headers = {} } = input.request
    const request = { method, url: '/', headers: { ...HEADERS, ...headers } } as unknown as IncomingMessage
    try {
      serverOf(name, input).handleUpgrade(request, connection, Buffer.concat(head), observe)
    } catch (error) {
      seen.push(`throws ${error}`)
    }
    setImmediate(proceed)
  }

  function proceed(): void {
    if (quiet > 0) {
      quiet--
      if (quiet === 0) pause()
    } else {
      try {
        // Calls belong to the turn of the bytes before them; what the client does has a turn of its own.
        for (let nth = 0; at < steps.length; nth++) {
          const step = steps[at] as Step
          if (nth > 0 && (step === 'end' || step === 'break' || step === 'drain')) {
            feed()
            break
          }
          at++
          if (step === 'wait') quiet = QUIET_TURNS
          take(step)
          if (typeof step === 'string') break
        }
      } catch (error) {
        seen.push(`throws ${error}`)
      }
    }
    if (at < steps.length || quiet > 0) {
      setImmediate(proceed)
      return
    }
    trace.received = Buffer.concat(connection.written)
    trace.isCutOff = connection.isCutOff
    resolve(trace)
  }

  return new Promise((settle) => {
    resolve = settle
    setImmediate(begin)
  })
}
