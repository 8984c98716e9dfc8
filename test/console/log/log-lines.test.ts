import fc from 'fast-check'
import t from 'tap'
import { toLine } from '../../../console/log/log-lines.js'
import { createLogStore } from '../../../console/log/log-store.js'
import { logEntry } from './log-entry.js'

t.test('an entry is exported as a line of JSON, in the words of the command listen', async (t) => {
  const at = Date.UTC(2026, 10, 30, 12)
  t.equal(
    toLine(logEntry({ at, ms: 3 })),
    '{"at":"2026-11-30T12:00:00.000Z","identity":1,"kind":"in","namespace":"/chat","event":"message:new","args":[{"text":"hi"}],"ms":3}\n',
  )
  t.match(toLine(logEntry({ isError: true })), /"args":\[\{"text":"hi"\}\],"isError":true\}\n$/)
  t.match(toLine(logEntry()), /"args":\[\{"text":"hi"\}\]\}\n$/)
})

t.test('what was sent is what is read from a line', async () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.string({ unit: 'binary' }), (args, event) => {
      const log = createLogStore({ later: () => {} })
      log.add({ kind: 'in', identity: 1, address: '/', event, args })
      const line = log.entries().map(toLine).join('')
      const read = JSON.parse(line)
      const isOneLine = line.indexOf('\n') === line.length - 1
      return isOneLine && read.event === event && JSON.stringify(read.args) === JSON.stringify(args)
    }),
  )
})
