import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../check.js'
import { joinBoth, textsUntil } from './delivery-checks.js'

/*
 * Answers of clients, and what is refused where it is emitted.
 */

export const answerChecks: readonly ConformanceCheck[] = [
  {
    name: 'answers of the clients of all nodes are gathered',
    needs: [],
    async run(context) {
      const { one, address } = context
      const [here, there] = await joinBoth(context)
      here.socket.on('question', (_payload, answer) => answer('here'))
      there.socket.on('question', (_payload, answer) => answer('there'))
      assert.deepEqual(await one.call('emitWithAck', address, 1), ['here', 'there'])
      assert.deepEqual(await one.call('ask', address, 1), { answers: ['here', 'there'], missing: 0 })
    },
  },
  {
    name: 'a client of another node that does not answer, or answers what the schema refuses, is missing',
    needs: [],
    async run(context) {
      const { one, two, address, join } = context
      const [here, there] = await joinBoth(context)
      await join(two)
      here.socket.on('question', (_payload, answer) => answer('here'))
      there.socket.on('question', (_payload, answer) => answer({ not: 'a string' }))
      assert.deepEqual(await one.call('ask', address, 1, 1_000), { answers: ['here'], missing: 2 })
    },
  },
  {
    name: 'an invalid emit throws at its caller, and no node receives anything of it',
    needs: [],
    async run(context) {
      const { one, address } = context
      const clients = await joinBoth(context)
      const invalid = { code: 'FST_NSP_EMIT_INVALID' }
      await assert.rejects(one.call('emit', address, 'news', { x: 1 }), invalid)
      await assert.rejects(one.call('emit', address, 'nope', 1), { code: 'FST_NSP_EMIT_UNKNOWN' })
      await assert.rejects(one.call('emitWithAck', address, 'no'), invalid)
      await assert.rejects(one.call('ask', address, 'no'), invalid)
      await one.call('emit', address, 'news', { text: 'last', undeclared: true })
      await textsUntil('last', clients)
      for (const { news } of clients) assert.deepEqual(news, [{ text: 'last' }])
    },
  },
  {
    name: 'nodes with different schemas receive each other’s emits: a rolling deploy',
    needs: ['nodes'],
    async run({ one, address, startNode, join, settle }) {
      const newer = await startNode({ field: 'body' })
      const clients = [await join(one), await join(newer)]
      await settle(clients, [one, newer])
      await one.call('emit', address, 'news', { text: 'older' })
      await newer.call('emit', address, 'news', { body: 'newer' })
      await settle(clients, [one, newer])
      const expected = new Set(['{"text":"older"}', '{"body":"newer"}'])
      for (const { news } of clients) assert.deepEqual(new Set(news.map((each) => JSON.stringify(each))), expected)
      assert.deepEqual(await newer.call('faults'), [])
    },
  },
]
