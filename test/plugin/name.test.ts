import t from 'tap'
import { joinPrefix, parseName, segmentsOf } from '../../plugin/name.js'

t.test('a name is returned as it is', async (t) => {
  for (const name of ['/', '/chat', '/my-namespace', '/orgs/members', '/日本', '/a.b~c']) t.equal(parseName(name), name)
})
