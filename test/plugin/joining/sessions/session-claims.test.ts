import t from 'tap'
import type { Join } from '../../../../plugin/joining/connection-joins.js'
import { createSessionClaims } from '../../../../plugin/joining/sessions/session-claims.js'

t.test('a join that is over before its claim could begin claims nothing', async (t) => {
  const claimed: string[] = []
  let decide = () => {}
  const claimFor = createSessionClaims(
    async (_address, _pid, _owner, connection) => {
      claimed.push(String(connection))
      await new Promise<void>((resolve) => {
        decide = resolve
      })
      return undefined
    },
    () => 'user ada',
  )
  const joinOf = () => ({ address: '/chat', auth: { pid: 'pid' }, hold: () => {}, isOver: false })
  const [first, second] = [joinOf(), joinOf()]
  const connectionOf = (name: string) => ({ toString: () => name, transport: { emit: () => {} } })
  const decided = claimFor(first as unknown as Join, connectionOf('first'), undefined)
  const alsoDecided = claimFor(second as unknown as Join, connectionOf('second'), undefined)
  second.isOver = true
  decide()
  await Promise.all([decided, alsoDecided])
  t.strictSame(claimed, ['first'])
  t.strictSame(second.auth, { offset: '' })
})
