import t from 'tap'
import { SessionWriter } from '../../../../plugin/adapters/sessions/session-writer.js'

/*
 * What is asked of a broker that is away.
 */

t.test('a closing node does not wait for the broker to give a session back', async (t) => {
  const broker = { readSession: () => Promise.reject(new Error('It is away')) }
  const writer = new SessionWriter({ broker: broker as never, head: '', waitMs: 1, report: () => {} })
  const taken = writer.take('a private id', () => true)
  await writer.close(() => true)
  t.equal(await taken, undefined)
})

t.test('what the broker will refuse again is not asked again', async (t) => {
  let asked = 0
  const readSession = () => {
    asked++
    return Promise.reject(Object.assign(new Error('permission denied'), { code: '42501' }))
  }
  const writer = new SessionWriter({ broker: { readSession } as never, head: '', waitMs: 1, report: () => {} })
  t.equal(await writer.take('a private id', () => true), undefined)
  t.equal(asked, 1)
})

t.test('a session that waits for the broker is taken from there, by whom it is for', async (t) => {
  const broker = { putSession: () => new Promise(() => {}), dropSession: () => new Promise(() => {}) }
  const writer = new SessionWriter({ broker: broker as never, head: '', waitMs: 1, report: () => {} })
  writer.give('a', 'text')
  t.equal(await writer.take('a', () => false), undefined)
  t.equal(await writer.take('a', (text) => text === 'text'), 'text')
  t.equal(writer.size, 0)
  writer.drop('a')
  writer.takeBack('a')
  t.equal(await writer.take('a', (text) => text !== ''), undefined)
  t.equal(writer.size, 1)
})

t.test('a node that closes waits for the broker for half a second', async (t) => {
  const broker = { putSession: () => new Promise(() => {}) }
  const writer = new SessionWriter({ broker: broker as never, head: '', waitMs: 1, report: () => {} })
  writer.give('a', 'text')
  const began = performance.now()
  await writer.close(() => true)
  t.ok(performance.now() - began >= 500)
  t.equal(writer.size, 1)
})

t.test('what waits for a broker that is away is bounded, and told again', async (t) => {
  let told = 0
  const put = () => {
    told++
    return Promise.reject(new Error('It is away'))
  }
  const writer = new SessionWriter({ broker: { putSession: put } as never, head: '', waitMs: 1, report: () => {} })
  for (let count = 0; count < 10_000; count++) writer.give(`pid ${count}`, 'text')
  writer.retry()
  t.equal(told, 20_000)
  t.equal(writer.size, 10_000)
  writer.give('one more', 'text')
  t.equal(writer.size, 1)
})
