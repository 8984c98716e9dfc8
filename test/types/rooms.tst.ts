import type { FastifyInstance } from 'fastify'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { z } from 'zod'
import {
  type AnyJoined,
  type ClientSocket,
  createClient,
  type DescribedNamespace,
  followPresence,
  joinRoom,
  type PresentPeople,
} from '../../plugin/client.js'
import { defineContract } from '../../plugin/contract.js'
import { defineEvent, defineNamespace, roomName } from '../../plugin/index.js'
import { usePresence, useRoom } from '../../plugin/react.js'

declare const app: FastifyInstance

const desk = defineNamespace({
  schema: { params: Type.Object({ orgId: Type.Integer() }), auth: Type.Object({ user: Type.String() }) },
  emits: { 'ticket:changed': { payload: Type.Object({ id: Type.Integer() }) } },
  rooms: {
    'ticket/:id': {
      params: Type.Object({ id: Type.Integer() }),
      description: 'A ticket',
      preJoin: async ({ room, request, params, emit }) => {
        expect(room.name).type.toBe<string>()
        expect(room.params).type.toBe<{ id: number }>()
        expect(request.body).type.toBe<{ user: string }>()
        expect(params.orgId).type.toBe<number>()
        expect(emit).type.not.toBeCallableWith('unknown')
      },
    },
    'day/:day': { params: z.object({ day: z.string().transform((text) => new Date(text)) }) },
    'team/:team/shift/:shift': {
      preJoin: [({ room }) => expect(room.params).type.toBe<{ readonly team: string; readonly shift: string }>()],
    },
    lobby: {},
  },
  events: {
    'ticket:change': {
      payload: Type.Object({ id: Type.Integer() }),
      handler: ({ id }, { to }) => {
        to.ticket({ id }).emit('ticket:changed', { id })
        to.team({ team: 'a', shift: 1 }).to('lobby').except('x').volatile.emit('ticket:changed', { id })
        to.day({ day: '2026-01-01' }).emit('ticket:changed', { id })
        expect(to.ticket).type.not.toBeCallableWith()
        expect(to.ticket).type.not.toBeCallableWith({ id: 'x' })
        expect(to.lobby).type.not.toBeCallableWith({ id: 1 })
        expect(to).type.not.toHaveProperty('unknown')
        expect(to.ticket({ id }).emit).type.not.toBeCallableWith('ticket:changed', { id: 'x' })
      },
    },
  },
  onConnect: ({ to }) => void to.ticket({ id: 1 }).emit('ticket:changed', { id: 1 }),
})

test('a declared room is an audience of namespaceOf()', () => {
  app.namespaceOf(desk, { orgId: 1 }).to.ticket({ id: 42 }).emit('ticket:changed', { id: 42 })
  app.namespaceOf(desk, { orgId: 1 }).to('ticket/42').emit('ticket:changed', { id: 42 })
  expect(app.namespaceOf(desk, { orgId: 1 }).to.ticket).type.not.toBeCallableWith({ id: 'x' })
})

test('a definition without rooms has only named rooms', () => {
  const plain = defineNamespace({
    events: { say: { handler: (_payload, { to }) => expect(to).type.not.toHaveProperty('x') } },
  })
  expect(app.namespaceOf(plain).to).type.not.toHaveProperty('ticket')
})

test('an event in its own file has the rooms of its base', () => {
  defineEvent(desk, { handler: (_payload, { to }) => void to.ticket({ id: 1 }).emit('ticket:changed', { id: 1 }) })
})

test('a contract has rooms, and its implementation has their hooks', () => {
  const contract = defineContract({
    emits: { changed: {} },
    rooms: { 'ticket/:id': { params: Type.Object({ id: Type.Integer() }) }, lobby: {} },
    events: { say: {} },
  })
  const implemented = defineNamespace(contract, {
    rooms: { 'ticket/:id': { preJoin: ({ room }) => expect(room.params).type.toBe<{ id: number }>() } },
    handlers: { say: (_payload, { to }) => void to.ticket({ id: 1 }).emit('changed') },
  })
  app.namespaceOf(implemented).to.lobby().emit('changed')
})

test('a client socket has the events of rooms, with the names of declared rooms', () => {
  type Desk = ClientSocket<typeof desk>
  expect<Desk['emitWithAck']>().type.toBeCallableWith('room:join', 'ticket/42')
  expect<Desk['emitWithAck']>().type.toBeCallableWith(
    'room:join',
    roomName('team/:team/shift/:shift', { team: 'a', shift: 1 }),
  )
  expect<Desk['emitWithAck']>().type.toBeCallableWith('room:leave', 'lobby')
  expect<Desk['emitWithAck']>().type.not.toBeCallableWith('room:join', 'unknown/1')
  expect<Desk['on']>().type.toBeCallableWith('room:left', ({ room, code }: { room: string; code: string }) => [
    room,
    code,
  ])
})

test('a room name takes the params of its pattern', () => {
  expect(roomName('ticket/:id', { id: 1 })).type.toBe<`ticket/${string}`>()
  expect(roomName('lobby')).type.toBe<'lobby'>()
  expect(roomName).type.not.toBeCallableWith('ticket/:id')
  expect(roomName).type.not.toBeCallableWith('ticket/:id', { other: 1 })
})

test('joinRoom() and useRoom() take the patterns of the definition', () => {
  const joined = createClient<{ '/desk': typeof desk }>('').join('/desk')
  for (const take of [joinRoom, useRoom]) {
    take(joined, 'ticket/:id', { id: 42 })
    take(joined, 'day/:day', { day: '2026-01-01' })
    take(joined, 'lobby')
  }
  expect(joinRoom).type.not.toBeCallableWith(joined, 'ticket/:id')
  expect(joinRoom).type.not.toBeCallableWith(joined, 'ticket/:id', { id: 'x' })
  expect(joinRoom).type.not.toBeCallableWith(joined, 'unknown')
  expect(useRoom).type.not.toBeCallableWith(joined, 'ticket/:id', { id: 'x' })
  joinRoom(createClient('').join('/desk'), 'any/:thing', { thing: 1 })
})

test('joinRoom() takes the rooms of described namespaces', () => {
  interface Definitions {
    '/desk': DescribedNamespace<{
      rooms: { 'ticket/:id': { params: { id: number } }; 'team/:team': object; lobby: object }
    }>
  }
  const joined = createClient<Definitions>('').join('/desk')
  joinRoom(joined, 'ticket/:id', { id: 42 })
  joinRoom(joined, 'team/:team', { team: 'a' })
  joinRoom(joined, 'lobby')
  expect(joinRoom).type.not.toBeCallableWith(joined, 'ticket/:id', { id: 'x' })
})

test('followPresence() and usePresence() take any joined namespace, and the type of meta', () => {
  const joined = createClient<{ '/desk': typeof desk }>('').join('/desk')
  const { name } = joinRoom(joined, 'ticket/:id', { id: 42 })
  expect(followPresence(joined).getSnapshot()).type.toBe<PresentPeople>()
  expect(followPresence<{ name: string }>(joined, name).getSnapshot()).type.toBe<PresentPeople<{ name: string }>>()
  expect(usePresence<{ name: string }>(joined).entries[0]?.meta).type.toBe<{ name: string } | undefined>()
  usePresence({} as AnyJoined, roomName('ticket/:id', { id: 42 }))
  expect(followPresence).type.not.toBeCallableWith(joined, 42)
})
