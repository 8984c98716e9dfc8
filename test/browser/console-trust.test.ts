import { readFile } from 'node:fs/promises'
import t from 'tap'
import { chat } from '../../examples/chat.js'
import { openConsole, serveConsole } from './console-harness.js'

/*
 * What the page does with secrets, and with a server that does not answer.
 */

t.setTimeout(300_000)

t.test(
  'a secret is never written into the storage while it is typed, and no export has what came before it',
  async (t) => {
    const { url } = await serveConsole(t, { namespaces: { '/chat': chat } })
    const { page, complaints } = await openConsole(
      t,
      `${url}#/event?ns=/chat&ev=room:join&payload={%22room%22:%22tea%22,%22name%22:%22S3CR3T-of-Ada%22}`,
    )
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByRole('region', { name: 'Log' }).getByText('room:join').first().waitFor()
    // As long as it is no secret, it is kept.
    await page.waitForFunction("JSON.stringify(localStorage).includes('S3CR3T')")
    await page.evaluate(`localStorage.clear()
    const write = Storage.prototype.setItem
    globalThis.written = []
    Storage.prototype.setItem = function (key, text) { written.push(text); write.call(this, key, text) }`)
    await page.getByRole('button', { name: 'Variables' }).click()
    await page.getByRole('textbox', { name: 'Name 1' }).focus()
    // By keyboard alone: name, secret, value.
    await page.keyboard.type('token')
    t.ok(await page.getByRole('checkbox', { name: 'token is a secret' }).isChecked())
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type('S3CR3T-of-Ada')
    await page.keyboard.press('Escape')
    const written = (await page.evaluate('written')) as string[]
    t.ok(written.length > 0)
    t.notMatch(written.join(), 'S3CR')

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('region', { name: 'Log' }).getByRole('button', { name: 'Export' }).click(),
    ])
    const lines = await readFile(await download.path(), 'utf8')
    t.match(lines, '{{token}}')
    t.notMatch(lines, 'S3CR3T')
    t.strictSame(complaints, [])
  },
)

t.test('a server that cannot describe itself: the page says so', async (t) => {
  const transform = () => {
    throw new Error('broken')
  }
  const { url } = await serveConsole(t, { namespaces: { '/chat': chat }, document: { transform } })
  const { page } = await openConsole(t, url)
  await page.getByRole('alert').getByText("The console can't start: description.json was answered with 500").waitFor()
})
