import t from 'tap'
import { joinPrefix, parseName, segmentsOf } from '../../plugin/name.js'

t.test('a good name is returned as it is', async (t) => {
  for (const name of ['/', '/chat', '/my-namespace', '/orgs/members', '/日本', '/a.b~c', '/a%20b']) {
    t.equal(parseName(name), name)
  }
})

t.test('a wrong name is refused with what is wrong and what would do', async (t) => {
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
    ['/orgs/:orgId', /dynamic names/],
    ['/files/*', /dynamic names/],
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
})

t.test('a name has segments, and the default one none', async (t) => {
  t.strictSame(segmentsOf('/'), [])
  t.strictSame(segmentsOf('/orgs/members'), ['orgs', 'members'])
})
