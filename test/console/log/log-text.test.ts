import t from 'tap'
import { toLogText } from '../../../console/log/log-text.js'

t.test('binary data is written as the command line writes it', async (t) => {
  const binary = { $binary: 'AQID' }
  t.strictSame(JSON.parse(toLogText([new Uint8Array([1, 2, 3]), 'a'])), [binary, 'a'])
  t.strictSame(JSON.parse(toLogText([new Uint8Array([1, 2, 3]).buffer])), [binary])
  t.strictSame(JSON.parse(toLogText([{ data: Buffer.from([1, 2, 3]) }])), [{ data: binary }])
  t.strictSame(JSON.parse(toLogText([new DataView(new Uint8Array([0, 1, 2, 3]).buffer, 1)])), [binary])
})

t.test('of large binary data its start is written, and its whole size', async (t) => {
  const [{ $binary, bytes }] = JSON.parse(toLogText([new Uint8Array(70_000).fill(255)]))
  t.strictSame(Buffer.from($binary, 'base64'), Buffer.alloc(65_536, 255))
  t.equal(bytes, 70_000)
})

t.test('of a file its size is written', async (t) => {
  t.equal(toLogText([new Blob(['four'])]), '[{"$binary":"","bytes":4}]')
})

t.test('arguments that JSON can not represent do not throw', async (t) => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  let deep: unknown = 1
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  for (const value of [cycle, 1n, deep]) t.equal(toLogText([value]), '["(JSON can not represent these arguments)"]')
})
