import t from 'tap'
import { createNameRouter, formatAddress } from '../../../../plugin/joining/namespaces/namespace-router.js'

/** A router of names, in which each name is its own entry. */
function routerOf(...names: string[]) {
  const router = createNameRouter<string>()
  for (const name of names) router.add(name, name)
  return router
}

/** Reproducible numbers from 0 to 1 (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const PIECES = [
  ...'abAZ019%/?#;,\\ \t\n\u0001\u007f\u0085@&=+$:*()[]{}<>|"\'`~^!._-\u00a0\u2028\ufeffé日',
  '😀',
  '\ud800',
]
PIECES.push('\udc00', '%2F', '%25', '%zz', '%', '%4', '%E6%97%A5', '..', '//', '__proto__', 'constructor', '://')

function randomText(random: () => number, pieces: string[] = PIECES): string {
  const length = 1 + Math.floor(random() * 8)
  return Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join('')
}

t.test('an address is found with its params', async (t) => {
  const names = [
    '/orgs/:orgId',
    '/orgs/:orgId/rooms/:roomId',
    '/files/*',
    '/n/:n(^\\d+$)',
    '/f/:from-:to',
    '/:name.:ext',
  ]
  const router = routerOf('/', '/chat', ...names)
  const addresses: [address: string, name: string, params: Record<string, string>][] = [
    ['/', '/', {}],
    ['/chat', '/chat', {}],
    ['/orgs/42', '/orgs/:orgId', { orgId: '42' }],
    ['/orgs/日本@x', '/orgs/:orgId', { orgId: '日本@x' }],
    ['/orgs/a%2Fb%25%20c', '/orgs/:orgId', { orgId: 'a/b% c' }],
    ['/orgs/__proto__', '/orgs/:orgId', { orgId: '__proto__' }],
    ['/orgs/42/rooms/7', '/orgs/:orgId/rooms/:roomId', { orgId: '42', roomId: '7' }],
    ['/files/a/b.txt', '/files/*', { '*': 'a/b.txt' }],
    ['/n/42', '/n/:n(^\\d+$)', { n: '42' }],
    ['/f/vie-lhr', '/f/:from-:to', { from: 'vie', to: 'lhr' }],
    ['/logo.svg', '/:name.:ext', { name: 'logo', ext: 'svg' }],
  ]
  for (const [address, name, params] of addresses) {
    const match = router.find(address)
    t.equal(match?.entry, name, address)
    t.strictSame({ ...match?.params }, params, address)
    t.equal(Object.getPrototypeOf(match?.params), null, address)
    t.ok(Object.isFrozen(match?.params), address)
    t.equal(formatAddress(name, params), address)
  }
})

t.test('a static name precedes a dynamic one, in either order', async (t) => {
  for (const names of [
    ['/orgs/members', '/orgs/:orgId', '/*'],
    ['/*', '/orgs/:orgId', '/orgs/members'],
  ]) {
    const router = routerOf(...names)
    t.equal(router.find('/orgs/members')?.entry, '/orgs/members')
    t.equal(router.find('/orgs/42')?.entry, '/orgs/:orgId')
    t.equal(router.find('/orgs/42/x')?.entry, '/*')
  }
})

t.test('an address has one spelling', async (t) => {
  const router = routerOf('/orgs/:orgId', '/chat', '/files/*', '/日本/:a', '/f/:from-:to', '/n/:n(^\\d+$)')
  const others = [
    ...['/orgs/%34%32', '/ORGS/42', '/orgs/42/', '/orgs//42', '//orgs/42', '/orgs/42?x=1', '/orgs/42#x', '/orgs/%40'],
    ...['/orgs/a%2fb', '/%6Frgs/42', '/orgs/%E6%97%A5', '/orgs/a%2525b%zz', '/%E6%97%A5%E6%9C%AC/1', '/orgs', '/orgs/'],
    ...['/chat/', '/Chat', '/%63hat', '/files', '/files/', '/files//a', '/files/a/', '/files/a//b', '/files/a%2Fb'],
    ...['/f/-x', '/f/x-', '/f/a%2Db', '/n/x', '/n/4 2', '/nowhere'],
  ]
  for (const address of others) t.equal(router.find(address), undefined, address)
})

t.test('no address that a client sends makes the router throw', async (t) => {
  const router = routerOf('/orgs/:orgId', '/files/*', '/f/:from-:to', '/n/:n(^\\d+$)/x')
  const bad = ['', 'orgs', 'orgs/42', '*', ':', 'http://x/orgs/42', 'http://', '?', '#', '%', '/%', '__proto__']
  const values = [
    '%zz',
    '%',
    '%4',
    '%00',
    '%C3',
    '%ED%A0%80',
    '\0',
    ' ',
    '\t',
    'a,b',
    'a;b',
    'a?b',
    'a#b',
    'a\\b',
    '\ud800',
  ]
  for (const address of bad) t.equal(router.find(address), undefined, address)
  for (const value of values) {
    for (const place of ['orgs', 'files', 'f', 'n']) {
      t.equal(router.find(`/${place}/${value}`), undefined, JSON.stringify(`/${place}/${value}`))
    }
  }

  const random = createRandom(1)
  for (let round = 0; round < 3000; round++) {
    const address = `/${['orgs', 'files', 'f', 'n'][round % 4]}/${randomText(random)}${randomText(random)}`
    const match = router.find(address)
    if (match && formatAddress(match.entry, match.params) !== address) t.fail(JSON.stringify(address))
  }
})

t.test('an address that is too long is not found', async (t) => {
  const router = routerOf('/orgs/:orgId', '/files/*', '/n/:n(^\\d+$)', `/${'s'.repeat(5000)}`)
  t.ok(router.find(`/orgs/${'x'.repeat(100)}`))
  t.notOk(router.find(`/orgs/${'x'.repeat(101)}`))
  t.notOk(router.find(`/n/${'1'.repeat(101)}`))
  t.ok(router.find(`/files/${'x'.repeat(2048 - 7)}`))
  t.notOk(router.find(`/files/${'x'.repeat(2048 - 6)}`))
  t.notOk(router.find(`/orgs/${'x'.repeat(1e6)}`))
  t.ok(router.find(`/${'s'.repeat(5000)}`), 'a static name is as long as it is')

  const wide = createNameRouter<string>({ maxParamLength: 200 })
  wide.add('/orgs/:orgId', 'org')
  t.ok(wide.find(`/orgs/${'x'.repeat(200)}`))
  t.notOk(wide.find(`/orgs/${'x'.repeat(201)}`))
})

t.test('two names with the same addresses are an error', async (t) => {
  const pairs: [one: string, other: string][] = [
    ['/chat', '/chat'],
    ['/orgs/:a', '/orgs/:b'],
    ['/orgs/:a/rooms/:b', '/orgs/:c/rooms/:d'],
    ['/orgs/:a(^\\d+$)', '/orgs/:b(^[a-z]+$)'],
    ['/:a-:b', '/:c-:d(^\\d+$)'],
    ['/files/*', '/files/*'],
  ]
  for (const [one, other] of pairs) {
    const router = routerOf(one)
    t.throws(() => router.add(other, other), { code: 'FST_NSP_NAMESPACE_DUPLICATE' }, other)
  }
  t.throws(() => routerOf('/orgs/:a', '/orgs/:b'), {
    message: /^The namespace \/orgs\/:b, of the same shape as \/orgs\/:a, is declared twice/,
  })
  const alike = [
    '/orgs/:a',
    '/orgs/:b(^\\d+$)',
    '/orgs/:a-:b',
    '/orgs/:a.txt',
    '/orgs/x:a',
    '/orgs/:c/x',
    '/orgs/*',
    '/orgs/x',
  ]
  t.doesNotThrow(() => routerOf(...alike))
})

t.test('a name that could not be found is refused', async (t) => {
  const code = 'FST_NSP_NAME_INVALID'
  t.throws(() => routerOf('orgs'), { code, message: /must begin with a slash/ })
  t.throws(() => routerOf('/orgs/:id(^(?:a+)+$)'), { code, message: /must have other constraints: .+ is not safe/ })
  t.throws(() => routerOf('/orgs/:id(\\$)'), {
    code,
    message: /must have other constraints: Invalid regular expression/,
  })
  t.throws(() => formatAddress('/orgs/:id?', { id: 1 }), { code })
  t.throws(() => formatAddress('orgs', {}), { code })
})

t.test('an address is written from a name and its params', async (t) => {
  t.equal(formatAddress('/chat', {}), '/chat')
  t.equal(formatAddress('/a+b', {}), '/a+b')
  t.equal(formatAddress('/orgs/:orgId', { orgId: 42, other: {} }), '/orgs/42')
  t.equal(formatAddress('/orgs/:orgId', { orgId: 42n }), '/orgs/42')
  t.equal(formatAddress('/orgs/:orgId', { orgId: false }), '/orgs/false')
  t.equal(formatAddress('/files/*', { '*': 'a/b c' }), '/files/a/b%20c')
  t.equal(formatAddress('/a/:b', { b: '%/?#;,\\ \n' }), '/a/%25%2F%3F%23%3B%2C%5C%20%0A')
  t.equal(formatAddress('/a/:b', { b: '日本@:*&=+$é😀' }), '/a/日本@:*&=+$é😀')
  t.equal(formatAddress('/a/:b', { b: 'x\ud800y' }), '/a/x\ufffdy')
})

t.test('params that make no address throw where they are given', async (t) => {
  const wrong: [name: string, params: unknown, message: RegExp][] = [
    ['/orgs/:orgId', {}, /^The params of \/orgs\/:orgId must hold a string, number, boolean or bigint as orgId$/],
    ['/orgs/:orgId', Object.create({ orgId: 'inherited' }), /as orgId/],
    ['/orgs/:toString', {}, /as toString/],
    ['/orgs/:orgId', null, /as orgId/],
    ['/orgs/:orgId', undefined, /as orgId/],
    ['/orgs/:orgId', { orgId: undefined }, /as orgId/],
    ['/orgs/:orgId', { orgId: null }, /as orgId/],
    ['/orgs/:orgId', { orgId: {} }, /as orgId/],
    ['/orgs/:orgId', { orgId: ['42'] }, /as orgId/],
    ['/orgs/:orgId', { orgId: Number.NaN }, /as orgId/],
    ['/orgs/:orgId', { orgId: '' }, /must not hold an empty orgId/],
    ['/orgs/:orgId', { orgId: 'a\0b' }, /must not hold a NUL in orgId/],
    ['/orgs/:orgId', { orgId: 'x'.repeat(2048) }, /not be too long: see orgId$/],
    ['/files/*', { '*': '/a' }, /must not hold an empty segment in \*/],
    ['/files/*', { '*': 'a//b' }, /empty segment/],
    ['/files/*', { '*': 'a/' }, /empty segment/],
    ['/orgs/:orgId(^\\d+$)', { orgId: 'x' }, /must match their constraints.+: see orgId$/],
    ['/f/:from-:to', { from: 'a', to: 'b-c' }, /not run into each other.+: see from, to$/],
  ]
  for (const [name, params, message] of wrong) {
    const error = { code: 'FST_NSP_PARAMS_INVALID', statusCode: 500, message }
    const thrown = t.throws(() => formatAddress(name, params as Record<string, unknown>), error, name)
    t.ok(thrown instanceof TypeError)
  }
})

t.test('an address is found with the params it was written from', async (t) => {
  const random = createRandom(2)
  const names = [
    '/orgs/:orgId',
    '/orgs/:orgId/rooms/:roomId',
    '/a/:c(^[^a]+$)',
    '/files/*',
    '/o/:a/f/*',
    '/f/:from-:to',
  ]
  const router = routerOf(...names)
  let made = 0
  for (let round = 0; round < 6000; round++) {
    const name = names[round % names.length] as string
    const params = { orgId: '', roomId: '', c: '', '*': '', a: '', from: '', to: '' }
    for (const key of Object.keys(params)) params[key as keyof typeof params] = randomText(random)
    let address: string
    try {
      address = formatAddress(name, params)
    } catch (error) {
      const isRefusable = /[*-]|\(/.test(name) && (error as { code: string }).code === 'FST_NSP_PARAMS_INVALID'
      if (!isRefusable) t.fail(JSON.stringify({ name, params }))
      continue
    }
    made++
    const match = router.find(address)
    const lost = Object.entries(match?.params ?? { nothing: '' }).filter(
      ([key, value]) => value !== String(params[key as keyof typeof params]).replace(/\p{Cs}/gu, '\ufffd'),
    )
    if (match?.entry !== name || lost.length > 0 || /[\s,?#\\;]|\p{Cs}/u.test(address)) t.fail(JSON.stringify(address))
  }
  t.ok(made > 4000, `${made} addresses`)
})

t.test('the cache of names is bounded', async (t) => {
  for (let index = 0; index <= 1000; index++) t.equal(formatAddress(`/${index}/:a`, { a: 1 }), `/${index}/1`)
})
