import t from 'tap'
import { findFrameProblem, isControl, isFinal, OPCODE, opcodeOf } from '../../../../plugin/wire/websocket/frame-head.js'

const MASKED = 0x80
const FINAL = 0x80

t.test(
  'the first byte says the opcode, whether it is the last fragment, and whether it is a control frame',
  async (t) => {
    t.strictSame([opcodeOf(0x81), isFinal(0x81), isControl(0x81)], [OPCODE.TEXT, true, false])
    t.strictSame([opcodeOf(0x02), isFinal(0x02), isControl(0x02)], [OPCODE.BINARY, false, false])
    t.strictSame([opcodeOf(0x89), isFinal(0x89), isControl(0x89)], [OPCODE.PING, true, true])
  },
)

t.test(
  'a message begins with its opcode and goes on with continuations; control frames may come between',
  async (t) => {
    for (const opcode of [OPCODE.TEXT, OPCODE.BINARY]) {
      t.equal(findFrameProblem(FINAL | opcode, MASKED | 127, false), undefined)
      t.equal(findFrameProblem(opcode, MASKED, false), undefined)
      t.equal(findFrameProblem(FINAL | opcode, MASKED, true), `invalid opcode ${opcode}`)
    }
    t.equal(findFrameProblem(FINAL, MASKED, true), undefined)
    t.equal(findFrameProblem(FINAL, MASKED, false), 'invalid opcode 0')
    for (const opcode of [OPCODE.CLOSE, OPCODE.PING, OPCODE.PONG]) {
      for (const isContinuing of [true, false]) {
        t.equal(findFrameProblem(FINAL | opcode, MASKED | 125, isContinuing), undefined)
      }
    }
  },
)

t.test('what is wrong with a frame is named, the first fault first', async (t) => {
  const problems: Record<string, readonly [first: number, second: number]> = {
    'RSV1 must be clear': [0xc1, MASKED],
    'RSV2 and RSV3 must be clear': [0xf1, MASKED],
    'invalid opcode 3': [0x83, MASKED],
    'invalid opcode 11': [0x8b, MASKED],
    'invalid opcode 15': [0x8f, 0],
    'FIN must be set': [0x09, 126],
    'invalid payload length 126': [0x89, 126],
    'invalid payload length 1': [0x88, 1],
    'MASK must be set': [0x81, 5],
  }
  for (const [problem, [first, second]] of Object.entries(problems)) {
    t.equal(findFrameProblem(first, second, false), problem)
  }
  t.equal(findFrameProblem(FINAL | OPCODE.PING, MASKED | 1, false), undefined, 'a ping may have one byte')
})
