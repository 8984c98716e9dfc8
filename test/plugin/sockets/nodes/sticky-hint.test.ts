import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { startRedis } from '../../../cluster/redis.js'
import { listen, POLLING } from '../../harness.js'
import { ADAPTERS, skip, startNode } from './redis-nodes.js'

t.test('polls that reach two nodes are noticed, and logged once with the fix', { skip }, async (t) => {
  const path = await startRedis(t)
  const one = await startNode(t, await ADAPTERS.redis(t, path))
  const two = await startNode(t, await ADAPTERS.redis(t, path))
  const [here, there] = [`http://127.0.0.1:${await listen(one.app)}`, `http://127.0.0.1:${await listen(two.app)}`]
  while ((await one.app.io.of('/').adapter.serverCount()) < 2) await wait(5)
  const [, sid] = /"sid":"([^"]+)"/.exec(await (await fetch(`${here}${POLLING}`)).text()) as RegExpExecArray
  const hints = () => two.lines.filter(({ msg }) => String(msg).startsWith('a client polls more than one node'))
  while (hints().length === 0) {
    t.equal((await fetch(`${there}${POLLING}&sid=${sid}`)).status, 400)
    await wait(10)
  }
  await fetch(`${there}${POLLING}&sid=${sid}`)
  t.equal(hints().length, 1)
})

t.test('an engine session that no node knows is no hint', { skip }, async (t) => {
  const path = await startRedis(t)
  const one = await startNode(t, await ADAPTERS.redis(t, path))
  const two = await startNode(t, await ADAPTERS.redis(t, path))
  const url = `http://127.0.0.1:${await listen(one.app)}`
  while ((await one.app.io.of('/').adapter.serverCount()) < 2) await wait(5)
  const asked = new Promise((resolve) => two.app.io.of('/').once('fastify-namespaces:node', resolve))
  t.equal((await fetch(`${url}${POLLING}&sid=unknown`)).status, 400)
  await asked
  await one.app.namespaceOf('/room').fetchSockets()
  t.equal((await fetch(`${url}${POLLING}&transport=nope&sid=unknown`)).status, 400)
  t.notOk(one.lines.some(({ level }) => Number(level) >= 40))
})
