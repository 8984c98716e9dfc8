import t from 'tap'
import { isDynamic, joinPrefix, parseName, partsOf, segmentsOf } from '../../../plugin/definition/namespace-name.js'

t.test('a valid name is returned unchanged', async (t) => {
  for (const name of ['/', '/chat', '/my-namespace', '/orgs/members', '/日本', '/a.b~c']) {
    t.equal(parseName(name), name)
    t.notOk(isDynamic(name), name)
  }
})

t.test('a dynamic name is written as a route with parameters', async (t) => {
  const names = [
    '/orgs/:orgId',
    '/orgs/:orgId/rooms/:roomId',
    '/files/*',
    '/*',
    '/orgs/:orgId/files/*',
    '/orgs/:orgId(^\\d+$)',
    '/orgs/:orgId(^\\d+$)/rooms',
    '/orgs/:orgId([^, ?#\\/]{2,5})',
    '/orgs/:orgId(^(?:a|b\\)|\\(c)$)',
    '/:from-:to',
    '/:name.:ext',
    '/:lat(^\\d+$):long(^[a-z]+$)',
    '/v:major.json',
    '/日本/:ünit_$1',
  ]
  for (const name of names) {
    t.equal(parseName(name), name)
    t.ok(isDynamic(name), name)
  }
})

t.test('an invalid name is refused with the problem and the remedy', async (t) => {
  const wrong: [name: unknown, message: RegExp][] = [
    ['', /must begin with a slash: write "\/"/],
    ['chat', /"chat" must begin with a slash: write "\/chat"/],
    ['/chat/', /must not end with a slash: write "\/chat"/],
    ['//', /must not end with a slash: write "\/"/],
    ['/a//b', /empty segment/],
    ['/a b', /white space/],
    ['/a\u0000b', /control characters/],
    ['/a,b', /one of , \? #/],
    ['/a?b', /one of , \? #/],
    ['/a#b', /one of , \? #/],
    ['/a\\b', /one of , \? #/],
    ['/:a/', /must not end with a slash: write "\/:a"/],
    ['/:a//b', /empty segment/],
    ['/:a b', /white space/],
    ['/orgs/:orgId?', /optional parameter: declare the shorter name as well/],
    ['/orgs/:orgId(\\d+)?', /optional parameter/],
    ['/files/*/x', /\* only as its whole last segment/],
    ['/files*', /\* only as its whole last segment/],
    ['/:a*', /\* only as its whole last segment/],
    ['/files/*.js', /\* only as its whole last segment/],
    ['/orgs/:', /a name after each colon/],
    ['/orgs/:/x', /a name after each colon/],
    ['/orgs/::a', /a name after each colon/],
    ['/orgs/:(\\d+)', /a name after each colon/],
    ['/orgs/:a@b', /a parameter named "a@b"/],
    ['/orgs/:1', /a parameter named "1"/],
    ['/orgs/:__proto__', /a parameter named "__proto__"/],
    ['/orgs/:a:b', /a - or a \. between :a and :b, or a constraint/],
    ['/orgs/:a/x/:a', /two parameters named a/],
    ['/orgs/:a(\\d+', /close the parenthesis after :a/],
    ['/orgs/:a(', /close the parenthesis after :a/],
    ['/orgs/:a(+)', /a regular expression: \(\+\) is not one/],
    ['/orgs/:a(^(a|b)$)', /one group: write inner groups as \(\?: \)/],
    ['/orgs/:a(?:a)', /one group/],
    ['/a%20b/:a', /must not contain %/],
    ['/100%', /must not contain %/],
    [7, /must be a string: got number/],
    [null, /must be a string: got null/],
    [`/${'x'.repeat(200)} `, /^The namespace name "\/x{79}…"/],
  ]
  for (const [name, message] of wrong) {
    t.throws(() => parseName(name), { code: 'FST_NSP_NAME_INVALID', message }, String(name))
  }
})

t.test('a prefix and a name are joined as for a route', async (t) => {
  t.equal(joinPrefix('', '/chat'), '/chat')
  t.equal(joinPrefix('/', '/chat'), '/chat')
  t.equal(joinPrefix('/v1', '/chat'), '/v1/chat')
  t.equal(joinPrefix('/v1', '/'), '/v1')
  t.equal(joinPrefix('/v1/', '/chat'), '/v1/chat')
  t.equal(joinPrefix('/orgs/:orgId', '/rooms/:roomId'), '/orgs/:orgId/rooms/:roomId')
  t.equal(joinPrefix('/orgs/:orgId', '/'), '/orgs/:orgId')
})

t.test('a name has segments, and the default name has none', async (t) => {
  t.strictSame(segmentsOf('/'), [])
  t.strictSame(segmentsOf('/orgs/members'), ['orgs', 'members'])
  t.strictSame(segmentsOf('/orgs/:orgId/files/*'), ['orgs', ':orgId', 'files', '*'])
  t.strictSame(segmentsOf('/orgs/:orgId(^[^/]+$)-x/:a.:b/c'), ['orgs', ':orgId(^[^/]+$)-x', ':a.:b', 'c'])
})

t.test('a name has parts: text and parameters', async (t) => {
  t.strictSame(partsOf('/chat'), ['/chat'])
  t.strictSame(partsOf('/orgs/:orgId(^\\d+$)/*'), [
    '/orgs/',
    { parameter: 'orgId', constraint: '(^\\d+$)' },
    '/',
    { parameter: '*', constraint: '' },
  ])
})
