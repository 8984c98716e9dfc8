import t from 'tap'
import { roomName } from '../../../../plugin/index.js'

t.test('roomName() writes each param with encodeURIComponent()', async (t) => {
  t.equal(roomName('ticket/:id', { id: 42 }), 'ticket/42')
  t.equal(roomName('team/:team/shift/:shift', { team: 'a/b ä', shift: 0 }), 'team/a%2Fb%20%C3%A4/shift/0')
  t.equal(roomName('lobby'), 'lobby')
  t.equal(roomName('ticket/:id', { id: '\uD800' }), 'ticket/%EF%BF%BD')
})

t.test('roomName() throws for a param without a value', async (t) => {
  for (const params of [undefined, {}, { id: '' }, { id: null }, { id: {} }, { id: [1] }, Object.create({ id: 1 })]) {
    t.throws(() => roomName('ticket/:id', params as never), new TypeError('The params of ticket/:id lack id'))
  }
})
