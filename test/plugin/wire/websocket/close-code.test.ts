import { createRequire } from 'node:module'
import t from 'tap'
import {
  closePayload,
  INVALID_DATA,
  isCloseCode,
  NO_CODE,
  PROTOCOL_ERROR,
  readClose,
} from '../../../../plugin/wire/websocket/close-code.js'

/** The ws that engine.io depends on, as the reference. */
const { isValidStatusCode } = createRequire(
  createRequire(createRequire(import.meta.resolve('socket.io')).resolve('engine.io')).resolve('ws'),
)('./lib/validation.js') as { isValidStatusCode: (code: number) => boolean }

t.test('a code is accepted if ws accepts it', async (t) => {
  const different = Array.from({ length: 65_536 }, (_, code) => code).filter(
    (code) => isCloseCode(code) !== isValidStatusCode(code),
  )
  t.strictSame(different, [])
})

t.test('closePayload() and readClose() agree on code and reason', async (t) => {
  for (const [code, reason] of [
    [1000, ''],
    [1011, 'an error'],
    [4999, 'ä'.repeat(61)],
  ] as const) {
    t.strictSame(readClose(closePayload(code, reason)), { code, reason: Buffer.from(reason) })
  }
  t.strictSame(readClose(closePayload(3000, Buffer.from('bytes'))), { code: 3000, reason: Buffer.from('bytes') })
})

t.test('a close frame without a code has no payload, and reads as 1005', async (t) => {
  t.equal(closePayload(undefined).length, 0)
  t.strictSame(readClose(Buffer.alloc(0)), { code: NO_CODE, reason: Buffer.alloc(0) })
})

t.test('a code that no peer sends is 1002, and a reason that is not UTF-8 is 1007', async (t) => {
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535]) {
    t.strictSame(readClose(Buffer.of(code >> 8, code & 255)), {
      code: PROTOCOL_ERROR,
      problem: `invalid status code ${code}`,
    })
  }
  t.strictSame(readClose(Buffer.from('03e8ff', 'hex')), { code: INVALID_DATA, problem: 'invalid UTF-8 sequence' })
})
