import t from 'tap'
import { authTextOf, readAuth } from '../../../console/session/auth-text.js'
import { FIRST } from './session-harness.js'

t.test('a namespace has its own auth, else that of all namespaces, else none', async (t) => {
  const identity = { ...FIRST, auth: { '/chat': '{"a":1}', '': '{"b":2}', '/empty': ' ' } }
  t.equal(authTextOf(identity, '/chat'), '{"a":1}')
  t.equal(authTextOf(identity, '/other'), '{"b":2}')
  t.equal(authTextOf(identity, 'constructor'), '{"b":2}')
  t.equal(authTextOf(identity, '/empty'), '{}')
  t.equal(authTextOf(FIRST, '/chat'), '{}')
})

t.test('an auth is read with its variables', async (t) => {
  t.strictSame(
    readAuth('{"token":{{token}}}', (text) => text.replace('{{token}}', '"secret"')),
    { token: 'secret' },
  )
})

t.test('an auth that can not be read is refused without quoting it', async (t) => {
  for (const text of ['secret', '{"token": "secret" x}', '"secret"', '["secret"]', 'null']) {
    t.throws(() => readAuth(text, (same) => same), { name: 'TypeError', message: /^The auth is not [^"]*$/ }, text)
    t.throws(() => readAuth(text, (same) => same), { message: /^(?!.*secret)/ })
  }
})
