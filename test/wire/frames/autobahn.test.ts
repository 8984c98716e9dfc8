import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { WebSocket } from 'ws'
import { isCloseCode } from '../../../plugin/wire/websocket/close-code.js'
import { frame, OPCODE, parseFrame, TcpClient, upgrade } from '../wire.js'
import { type Case, type Chop, type Frame, SECTIONS } from './autobahn.js'
import { echo, listening } from './listening.js'
import { SERVER_NAMES } from './servers.js'

// Messages of up to 16 MiB, on a machine that may be busy with other work.
t.setTimeout(120_000)

const NAMES = new Map<number, string>(Object.entries(OPCODE).map(([name, opcode]) => [opcode, name]))

/** A frame in a few words. */
function describe({ opcode, payload }: Pick<Frame, 'opcode' | 'payload'>): string {
  const bytes = Buffer.from(payload as string)
  const short = bytes.length <= 130 ? bytes.toString('latin1') : createHash('sha1').update(bytes).digest('hex')
  return `${NAMES.get(opcode)} ${bytes.length} ${short}`
}

/** Whether ws's client can send these frames. */
function isFitForClient(sent: readonly Frame[], chop: Chop): boolean {
  let isFragmented = false
  return (
    chop === 'whole' &&
    sent.every(({ opcode, payload, isFinal = true, reserved = 0 }, nth) => {
      if (reserved !== 0) return false
      if (opcode > OPCODE.binary) {
        if (!NAMES.has(opcode) || !isFinal || payload.length > 125) return false
        return opcode !== OPCODE.close || (nth === sent.length - 1 && isClose(payload))
      }
      if ((opcode === OPCODE.continuation) !== isFragmented) return false
      isFragmented = !isFinal
      return true
    })
  )
}

function isClose(payload: string | Buffer): boolean {
  if (payload.length === 0) return true
  if (payload.length === 1) return false
  return isCloseCode(Buffer.from(payload as string).readUInt16BE())
}

/** Plays a case with the client of ws; what comes back. */
async function playWithClient(port: number, sent: readonly Frame[]): Promise<string[]> {
  const back: string[] = []
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false, maxPayload: 0 })
  const hear = (opcode: number) => (payload: Buffer) => back.push(describe({ opcode, payload }))
  client.on('message', (payload: Buffer, isBinary) => hear(isBinary ? OPCODE.binary : OPCODE.text)(payload))
  client.on('ping', hear(OPCODE.ping)).on('pong', hear(OPCODE.pong))
  await once(client, 'open')
  const closed = once(client, 'close')
  let isBinary = false
  for (const { opcode, payload, isFinal = true } of sent) {
    const bytes = Buffer.from(payload as string)
    if (opcode === OPCODE.ping) client.ping(bytes)
    else if (opcode === OPCODE.pong) client.pong(bytes)
    else if (opcode === OPCODE.close && bytes.length === 0) client.close()
    else if (opcode === OPCODE.close) client.close(bytes.readUInt16BE(), bytes.subarray(2))
    else {
      if (opcode !== OPCODE.continuation) isBinary = opcode === OPCODE.binary
      client.send(bytes, { binary: isBinary, fin: isFinal })
    }
  }
  const [code, reason] = await closed
  const payload = Buffer.alloc(code === 1005 ? 0 : 2 + reason.length)
  if (payload.length > 0) payload.set(reason, payload.writeUInt16BE(code))
  return [...back, describe({ opcode: OPCODE.close, payload })]
}

function chopsOf(sent: readonly Frame[], chop: Chop): Buffer[] {
  const frames = sent.map(({ opcode, payload, ...options }) => frame(opcode, payload, options))
  if (chop === 'frames') return frames
  const bytes = Buffer.concat(frames)
  const size = chop === 'whole' ? bytes.length : chop
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, nth) =>
    bytes.subarray(nth * size, (nth + 1) * size),
  )
}

/** Plays a case with bare TCP; what comes back. */
async function playWithTcp(port: number, sent: readonly Frame[], chop: Chop): Promise<string[]> {
  const tcp = new TcpClient(port)
  tcp.write(upgrade('/'))
  await tcp.answer()
  const back: string[] = []
  const write = async () => {
    for (const bytes of chopsOf(sent, chop)) {
      tcp.write(bytes)
      // The server reads before the next chop is written.
      if (chop !== 'whole') await nextTurn()
    }
  }
  const read = async () => {
    for (let part = await tcp.take(parseFrame); part; part = await tcp.take(parseFrame)) back.push(describe(part))
  }
  await Promise.all([write(), read()])
  await tcp.end()
  return back
}

function play(port: number, [, sent, chop]: Case): Promise<string[]> {
  return isFitForClient(sent, chop) ? playWithClient(port, sent) : playWithTcp(port, sent, chop)
}

for (const name of SERVER_NAMES) {
  const who = name === 'ours' ? 'our server' : "ws's server"
  for (const [section, cases] of Object.entries(SECTIONS)) {
    t.test(`${who} does in Autobahn's section ${section} what the table says`, async (t) => {
      const { port } = await listening(t, name, echo, { maxPayload: 16 * 1024 * 1024 })
      for (const each of cases) {
        const [id, , , back] = each

        t.strictSame(await play(port, each), back.map(describe), id)
      }
    })
  }
}
