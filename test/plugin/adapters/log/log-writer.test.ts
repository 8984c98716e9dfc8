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
