import t from 'tap'
import { LogWriter } from '../../../../plugin/adapters/log/log-writer.js'
import { until } from '../../harness.js'

/*
 * What a node appends to a broker that answers late, or not at all.
 */

t.test('entries whose appends fail together are appended once more, in their order', async (t) => {
  const numbers: number[] = []
  const broker = {
    isConnected: true,
    append: (_log: number, { number }: { readonly number: number }) => {
      numbers.push(number)
      return numbers.length <= 2 ? Promise.reject(new Error('The connection was lost')) : Promise.resolve('1-0')
    },
  }
  const load = { length: 0 }
  const writer = new LogWriter(0, { broker, node: 'one', epoch: () => 'e', recentBytes: 1_000, load })
  t.teardown(() => writer.close())
  for (const item of ['first', 'second']) {
    writer.add('/chat', [item], true)
    writer.flush()
  }
  await until(() => writer.isEmpty)
  t.strictSame(numbers, [1, 2, 1, 2])
})

t.test('an entry that the broker may have names the place behind which its first copy is', async (t) => {
  const heads: string[] = []
  let answers = [false, true, true, false, true]
  const broker = {
    isConnected: true,
    append: (_log: number, { body }: { readonly body: string }) => {
      heads.push(body.slice(0, body.indexOf('\n')))
      return answers.shift() ? Promise.resolve(`${heads.length}`) : Promise.reject(new Error('The connection was lost'))
    },
  }
  const writer = new LogWriter(0, { broker, node: 'one', epoch: () => 'e', recentBytes: 1_000, load: { length: 0 } })
  t.teardown(() => writer.close())
  for (const item of ['first', 'second', 'third']) {
    writer.add('/chat', [item], true)
    writer.flush()
    await until(() => writer.isEmpty)
  }
  t.strictSame(heads, ['e', 'e  e.0.0', 'e', 'e', 'e  e.3.0'])
  answers = [true, true, true]
  writer.restore()
  await until(() => writer.isEmpty)
  t.strictSame(heads.slice(5), ['e e.2.0', 'e e.3.0', 'e e.5.0'], 'what was lost names its own place')
})
