import t from 'tap'
import { readRecord, type SessionRecord, writeRecord } from '../../../../plugin/adapters/sessions/session-record.js'

const record: SessionRecord = {
  pid: 'pid',
  sid: 'sid',
  address: '/chat',
  owner: 'user ada',
  node: 'node',
  since: 'epoch.7.0',
  sent: '',
  read: 'epoch.9.0',
  rooms: new Map([['members', 'epoch.8.0']]),
  data: { seat: 7 },
}

t.test('a session that is written is read as it was', async (t) => {
  t.strictSame(readRecord(writeRecord(record)), record)
  t.strictSame(readRecord(writeRecord({ ...record, data: undefined }))?.data, {}, 'without data it is an empty object')
})

t.test('what is not a session is not read', async (t) => {
  const value = JSON.parse(writeRecord(record))
  const broken = [
    { pid: 7 },
    { since: null },
    { rooms: 'members' },
    { rooms: [['members']] },
    { rooms: [['members', 7]] },
  ]
  for (const part of broken) t.equal(readRecord(JSON.stringify({ ...value, ...part })), undefined)
  for (const text of ['', 'null', '7', '{', '[]']) t.equal(readRecord(text), undefined, text)
})
