import t, { type Test } from 'tap'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { createCluster } from '../cluster-harness.js'
import { build, until } from '../harness.js'
import { joinAs, listOf } from './present-client.js'

/*
 * Presence over an adapter that the application gave: by its server-side emits.
 */

async function startTwo(t: Test) {
  const adapter = createCluster()
  const options: NamespacesOptions = {
    io: { adapter },
    namespaces: {
      '/chat': { presence: { key: ({ request }) => Object(request.body).user, graceMs: 200 } },
      '/orgs/:orgId': { presence: { key: ({ request }) => Object(request.body).user, graceMs: 200 } },
    },
  }
  const [one, two] = [await build(t, options), await build(t, options)]
  await one.ready()
  await two.ready()
  return { one, two }
}

t.test('with an adapter of the application, each node knows who is on the others', async (t) => {
  const { one, two } = await startTwo(t)
  const ada = await joinAs(t, one, 'ada')
  const bob = await joinAs(t, two, 'bob')
  await until(() => ada.people.length === 2 && bob.people.length === 2)
  await joinAs(t, two, 'ada')
  await until(() => ada.people.includes('ada×2') && bob.people.includes('ada×2'))
  t.strictSame(
    [ada.told, bob.people],
    [
      ['+bob', '~ada'],
      ['ada×2', 'bob×1'],
    ],
  )
})

t.test('namespaceOf().presence() knows who is at an address that is not live on its node', async (t) => {
  const { one, two } = await startTwo(t)
  await joinAs(t, one, 'ada', '/orgs/1')
  // The nodes say hello to each other as soon as they are there.
  const org = two.namespaceOf('/orgs/:orgId', { orgId: 1 })
  t.strictSame(listOf(await org.presence()), ['ada×1'])
  t.notOk(two.io._nsps.has('/orgs/1'))
})

t.test('a node that closes moves its people', async (t) => {
  const { one, two } = await startTwo(t)
  const ada = await joinAs(t, one, 'ada')
  await joinAs(t, two, 'bob')
  await joinAs(t, two, 'cy')
  await until(() => ada.people.length === 3)
  await two.close()
  await joinAs(t, one, 'bob')
  await until(() => ada.people.length === 2)
  t.strictSame(
    [ada.told.filter((line) => line !== '~bob'), ada.people],
    [
      ['+bob', '+cy', '-cy'],
      ['ada×1', 'bob×1'],
    ],
  )
})
