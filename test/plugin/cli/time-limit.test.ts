import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { startTimeLimit } from '../../../plugin/cli/time-limit.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

t.test('the time ends it, whatever the garbage collector does meanwhile', async (t) => {
  const { signal, clear } = startTimeLimit(new AbortController().signal, 100)
  const collecting = setInterval(collectGarbage, 10)
  t.teardown(() => clearInterval(collecting))
  await once(signal, 'abort')
  t.equal(Object(signal.reason).name, 'TimeoutError')
  clear()
})

t.test('the other signal ends it, before or after it begins', async (t) => {
  const user = new AbortController()
  const running = startTimeLimit(user.signal, 60_000)
  const cleared = startTimeLimit(user.signal, 60_000)
  cleared.clear()
  user.abort('Ctrl+C')
  const late = startTimeLimit(user.signal, 60_000)
  t.strictSame([running.signal.reason, late.signal.reason], ['Ctrl+C', 'Ctrl+C'])
  t.notOk(cleared.signal.aborted)
  running.clear()
  late.clear()
})
