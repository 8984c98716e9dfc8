import type { FastifyInstance } from 'fastify'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { z } from 'zod'
import { defineContract } from '../../plugin/contract.js'
import { defineEvent, defineNamespace } from '../../plugin/index.js'

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
