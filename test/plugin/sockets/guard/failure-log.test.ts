import t from 'tap'
import { createFailureLog } from '../../../../plugin/sockets/guard/failure-log.js'

t.test('each kind of failure is logged once a minute, and the number of kinds that are kept is bounded', async (t) => {
  const lines: unknown[] = []
  const report = createFailureLog({ error: (_fields: object, text: string) => void lines.push(text) } as never)
  const failure = (code: number, message = '') => Object.assign(new Error(message), { code })
  for (let number = 0; number < 150; number++) report(failure(number), '/a', 'it has failed')
  t.equal(lines.length, 150)
  report(failure(149, 'in other words'), '/another', 'it has failed')
  t.equal(lines.length, 150, 'neither the address nor the words make a kind')
  report(failure(0), '/a', 'it has failed')
  t.equal(lines.length, 151, 'that one was forgotten')
  report('no error', '/a', 'it has failed')
  report(undefined, '/a', 'it has failed')
  t.equal(lines.length, 152)
})
