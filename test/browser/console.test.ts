import t from 'tap'
import { chat } from '../../examples/chat.js'
import { openConsole, serveConsole } from './console-harness.js'

t.setTimeout(300_000)

t.test('the console opens with the title of the server', async (t) => {
  const { url } = await serveConsole(t, { namespaces: { '/chat': chat } })
  const { page, complaints } = await openConsole(t, url)
  await page.getByRole('heading', { level: 1, name: 'Namespaces' }).waitFor()
  t.strictSame(complaints, [])
})
