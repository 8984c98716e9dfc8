import { Type as LegacyType } from '@sinclair/typebox'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { z } from 'zod'
import type { ClientSocket } from '../../plugin/client.js'
import { Binary, type BinarySchema, defineNamespace } from '../../plugin/index.js'

const image = Binary({ maxBytes: 500_000, contentType: 'image/png' })

const files = defineNamespace({
  emits: { 'image:new': { payload: image, reply: Type.Object({ thumb: image }) } },
  onConnect: async ({ ask, emit }) => {
    expect(await ask('image:new', Buffer.from('x'))).type.toBe<{ thumb: Uint8Array }>()
    expect(emit).type.not.toBeCallableWith('image:new', 'x')
  },
  events: {
    alone: {
      payload: image,
      reply: image,
      handler: (payload) => {
        expect(payload).type.toBe<Uint8Array>()
        return Buffer.from(payload)
      },
    },
    typebox: {
      payload: Type.Object({ name: Type.String(), image: Type.Optional(image), list: Type.Array(image) }),
      reply: Type.Object({ image }),
      errors: { BAD: Type.Object({ image }) },
      handler: async (payload, { error }) => {
        expect(payload).type.toBe<{ name: string; image?: Uint8Array; list: Uint8Array[] }>()
        expect(error).type.toBeCallableWith('BAD', { image: new Uint8Array() })
        expect(error).type.not.toBeCallableWith('BAD', { image: 'x' })
        return { image: Buffer.from('x') }
      },
    },
    union: {
      payload: Type.Union([image, Type.Null()]),
      handler: (payload) => expect(payload).type.toBe<Uint8Array | null>(),
    },
    legacy: {
      payload: LegacyType.Object({ image: LegacyType.Unsafe<Uint8Array>(image) }),
      handler: (payload) => expect(payload).type.toBe<{ image: Uint8Array }>(),
    },
    written: {
      payload: { binary: { maxBytes: 5 } },
      reply: { binary: { maxBytes: 5, contentType: 'image/png' } },
      handler: (payload) => {
        expect(payload).type.toBe<Uint8Array>()
        return payload
      },
    },
    within: {
      payload: { type: 'object', properties: { name: { type: 'string' }, image }, required: ['name', 'image'] },
      handler: (payload) => {
        expect(payload.name).type.toBe<string>()
        expect(payload.image).type.toBe<unknown>()
      },
    },
    zod: {
      payload: z.object({ image: z.instanceof(Uint8Array) }),
      handler: (payload) => expect(payload.image).type.toBeAssignableTo<Uint8Array>(),
    },
  },
})

test('a reply that is not binary data is an error', () => {
  expect(defineNamespace).type.not.toBeCallableWith({ events: { x: { reply: image, handler: () => 'x' } } })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: { x: { reply: Type.Object({ image }), handler: () => ({ image: 'x' }) } },
  })
  defineNamespace({ events: { x: { reply: Type.Object({ image }), handler: () => ({ image: new Uint8Array(3) }) } } })
})

test('a client sends and receives binary data', async () => {
  const socket = {} as ClientSocket<typeof files>
  socket.emit('typebox', { name: 'a', list: [new Uint8Array()] }, () => {})
  expect(socket.emit).type.not.toBeCallableWith('typebox', { name: 'a', list: ['x'] }, () => {})
  const ack = await socket.emitWithAck('alone', new Uint8Array())
  if (ack.ok) expect(ack.data).type.toBe<Uint8Array>()
  socket.on('image:new', (bytes, answer) => {
    expect(bytes).type.toBe<Uint8Array>()
    answer({ thumb: bytes })
  })
})

test('a client may also send an ArrayBuffer or a Blob, at any depth, and answer with one', () => {
  const socket = {} as ClientSocket<typeof files>
  const bytes = new ArrayBuffer(1)
  socket.emit('alone', bytes)
  socket.emit('alone', new Blob([]), () => {})
  socket.emit('union', null)
  socket.emit('typebox', { name: 'a', image: bytes, list: [new Blob([]), Buffer.from('x')] })
  socket.emit('zod', { image: bytes })
  expect(socket.emit).type.not.toBeCallableWith('alone', 'x')
  socket.on('image:new', (_bytes, answer) => answer({ thumb: bytes }))
})

test('`maxBytes` is required, and the only other option is `contentType`', () => {
  expect(Binary).type.toBeCallableWith({ maxBytes: 1 })
  expect(Binary).type.not.toBeCallableWith({})
  expect(Binary).type.not.toBeCallableWith({ maxBytes: '1' })
  expect(Binary).type.not.toBeCallableWith({ maxBytes: 1, minBytes: 1 })
  expect(image).type.toBe<BinarySchema>()
})
