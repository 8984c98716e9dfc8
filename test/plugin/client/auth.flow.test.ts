import jwt from '@fastify/jwt'
import t, { type Test } from 'tap'
import type { AuthRequest, ClientContractDifference, GapReason } from '../../../plugin/client.js'
import { defineNamespace } from '../../../plugin/index.js'
import { failureOf, serve, untilStatus } from '../client-harness.js'
import { until, withResolvers } from '../harness.js'

/** How long the next joins last, from the moment of the join; undefined: as long as the token. */
let lastsMs: number | undefined

const members = defineNamespace({
  onRequest: async (request) => {
    await request.jwtVerify()
  },
  expiresAt: ({ user }) =>
    lastsMs === undefined ? Number((user as { exp?: number }).exp ?? 1e10) * 1_000 : Date.now() + lastsMs,
  events: { ping: { handler: () => 'pong' } },
})

async function serveMembers(t: Test) {
  const served = await serve(t, { '/orgs/:orgId': members }, {}, (app) => app.register(jwt, { secret: 'x'.repeat(32) }))
  const fresh = (expiresIn?: string) => served.app.jwt.sign({ sub: 'ada' }, expiresIn ? { expiresIn } : {})
  const stale = () => served.app.jwt.sign({ sub: 'ada', iat: 1, exp: 2 } as object)
  return { ...served, fresh, stale }
}

t.test('auth is called for each connect', async (t) => {
  const { client, cut, fresh } = await serveMembers(t)
  const requests: AuthRequest[] = []
  const auth = async (request: AuthRequest) => {
    requests.push(request)
    return { token: fresh() }
  }
  const joined = client({ auth }).join('/orgs/:orgId', { orgId: 42 })
  await joined.ready
  cut()
  await untilStatus(joined, 'recovering')
  await joined.ready
  const request = { name: '/orgs/:orgId', address: '/orgs/42', params: { orgId: 42 }, isRenewal: false }
  t.strictSame(requests, [request, request])
})

t.test('an object as auth, and that of join() in its place', async (t) => {
  const { client, fresh, stale } = await serveMembers(t)
  t.equal(
    await client({ auth: { token: fresh() } })
      .join('/orgs/1')
      .call('ping'),
    'pong',
  )
  const stranger = client({ auth: { token: stale() } })
  t.match(await failureOf(stranger.join('/orgs/1').ready), { code: 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED' })
  const known = stranger.join('/orgs/1', {}, { auth: () => ({ token: fresh() }) })
  t.equal(await known.call('ping'), 'pong', 'a refused namespace is joined again with it')
})

t.test('an expired token is renewed once, whether it expires in the namespace or before', async (t) => {
  const { client, fresh, stale, cut } = await serveMembers(t)
  const renewals: boolean[] = []
  const tokens = [fresh(), fresh(), stale(), fresh()]
  const auth = ({ isRenewal }: AuthRequest) => {
    renewals.push(isRenewal)
    return { token: tokens.shift() }
  }
  lastsMs = 200
  const joined = client({ auth }).join('/orgs/1')
  const gaps: GapReason[] = []
  joined.onGap((reason) => gaps.push(reason))
  await joined.ready
  lastsMs = undefined
  await untilStatus(joined, 'recovering')
  t.match(joined.state.getSnapshot(), { reason: 'FST_NSP_IDENTITY_EXPIRED' })
  await joined.ready
  t.strictSame(gaps, ['server-disconnect'])
  t.strictSame(renewals, [false, true])
  // A renewed token that expires at once would not be renewed again: a second passes.
  const { now } = performance
  t.intercept(performance, 'now', { value: () => now.call(performance) + 1_000 })
  cut()
  await untilStatus(joined, 'recovering')
  await joined.ready
  t.strictSame(renewals, [false, true, false, true])
})

t.test('a renewed token that is refused, or expires at once, is not renewed again', async (t) => {
  const { client, fresh, stale } = await serveMembers(t)
  let calls = 0
  const count = (token: () => string) => () => {
    calls++
    return { token: token() }
  }
  const refused = client({ auth: count(stale) }).join('/orgs/1')
  t.match(await failureOf(refused.ready), { code: 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED', statusCode: 401 })
  t.equal(calls, 2)

  const now = Math.floor(Date.now() / 1_000)
  const short = () => fresh('500ms')
  calls = 0
  const joined = client({ auth: count(short) }).join('/orgs/1')
  await untilStatus(joined, 'refused')
  t.match(joined.state.getSnapshot(), { error: { code: /EXPIRED$/ } })
  t.ok(calls <= 3, `${calls} since ${now}`)
})

t.test('auth that fails refuses the join, with its error as cause', async (t) => {
  const { client, fresh } = await serveMembers(t)
  const cause = new Error('No network')
  let isBroken = true
  const auth = async () => {
    if (isBroken) throw cause
    return { token: fresh() }
  }
  const joined = client({ auth }).join('/orgs/1')
  t.match(await failureOf(joined.ready), { code: 'NSP_CLIENT_AUTH', statusCode: 401, cause })
  t.equal(joined.socket.active, false)
  isBroken = false
  joined.rejoin()
  t.equal(await joined.call('ping'), 'pong')
})

t.test(
  'an auth that comes too late is not sent: the namespace was left, or the connection is another one',
  async (t) => {
    const { app, client, cut, fresh } = await serveMembers(t)
    const answers: ReturnType<typeof withResolvers<object>>[] = []
    const auth = () => {
      const answer = withResolvers<object>()
      answers.push(answer)
      return answer.promise
    }
    const { join } = client({ auth })
    const left = join('/orgs/1')
    await until(() => answers.length === 1)
    left.leave()
    const joined = join('/orgs/2')
    await until(() => answers.length === 2)
    answers[0]?.resolve({ token: fresh() })
    cut()
    await until(() => answers.length === 3)
    answers[1]?.reject(new Error('of the former connection'))
    answers[2]?.resolve({ token: fresh() })
    await joined.ready
    t.notOk(app.io._nsps.has('/orgs/1'))
  },
)

t.test('the hash of the contract is sent with auth, and a difference is told', async (t) => {
  const seen: unknown[] = []
  const differing = defineNamespace({
    onRequest: async ({ body }) => {
      seen.push(body)
    },
  })
  const { app, client } = await serve(t, {
    '/chat': differing,
    '/other': differing,
    '/refuses': {
      onRequest: async () => {
        throw Object.assign(new Error('Another contract'), {
          statusCode: 409,
          code: 'FST_NSP_CONTRACT_MISMATCH',
          details: { server: 'b'.repeat(16), client: 'a'.repeat(16) },
        })
      },
    },
  })
  const contracts = { '/chat': 'a'.repeat(16), '/refuses': 'a'.repeat(16) }
  const { join, onContract } = client({ contracts, auth: { mine: true } })
  const differences: ClientContractDifference[] = []
  onContract((difference) => differences.push(difference))
  const off = onContract(() => t.fail('it was removed'))
  off()
  await Promise.all([join('/chat').ready, join('/other').ready])
  t.strictSame(
    seen.map((body) => Object(body).mine),
    [true, true],
  )
  app.io.of('/other').emit('namespace:contract', { server: 'b'.repeat(16), client: 'a'.repeat(16) })
  await until(() => differences.some(({ name }) => name === '/other'))
  t.match(await failureOf(join('/refuses').ready), { code: 'FST_NSP_CONTRACT_MISMATCH' })
  t.match(differences.at(-1), {
    name: '/refuses',
    address: '/refuses',
    server: 'b'.repeat(16),
    client: 'a'.repeat(16),
    isRefused: true,
  })
})
