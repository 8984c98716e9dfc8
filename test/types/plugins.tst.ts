import '@fastify/cookie'
import '@fastify/session'
import type { UserType } from '@fastify/jwt'
import { expect, test } from 'tstyche'
import { defineNamespace } from '../../plugin/index.js'

// One program has all tests: no test may extend the request of another one.
declare module 'fastify' {
  interface FastifyRequest {
    plantedByThisTest: { id: string }
  }
}

test('properties that plugins add to a request are typed when joining, in onConnect and in every handler', () => {
  defineNamespace({
    onRequest: async (request) => {
      expect(request.jwtVerify).type.toBeCallableWith()
      expect(request.user).type.toBe<UserType>()
      expect(request.session.sessionId).type.toBe<string>()
    },
    onConnect: ({ request }) => {
      expect(request.user).type.toBe<UserType>()
      expect(request.session.sessionId).type.toBe<string>()
      expect(request.cookies).type.toBe<{ [name: string]: string | undefined }>()
      expect(request.plantedByThisTest).type.toBe<{ id: string }>()
    },
    events: {
      visit: {
        handler: async (_payload, { request }) => {
          expect(request.user).type.toBe<UserType>()
          expect(request.plantedByThisTest.id).type.toBe<string>()
          expect(await request.session.save()).type.toBe<void>()
        },
      },
    },
    onDisconnect: ({ request }) => {
      expect(request.user).type.toBe<UserType>()
    },
  })
})
