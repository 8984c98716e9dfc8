import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const page = await readFile(new URL('docs/architecture.md', root), 'utf8')

/** The text of each file of plugin/, by its name; no two wings have a file of one name. */
const sources = new Map<string, string>()
for (const path of await readdir(new URL('plugin/', root), { recursive: true })) {
  if (path.endsWith('.ts')) sources.set(basename(path, '.ts'), await readFile(new URL(`plugin/${path}`, root), 'utf8'))
}

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => String(name))

/** The cells of the table below a heading, without its head. */
function rowsOf(heading: string): string[][] {
  const [, section = ''] = page.split(`## ${heading}\n`)
  const lines =
    section
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('|')) ?? []
  return lines.slice(2).map((line) => line.split('|').map((cell) => cell.trim()))
}

t.test('docs/architecture.md has at most 2,400 words', async (t) => {
  const { length } = page.trim().split(/\s+/)
  t.ok(length <= 2_400, `${length} words`)
})

t.test('each private part of its table is used in the files of its row', async (t) => {
  const rows = rowsOf('Private parts of other packages')
  t.ok(rows.length > 20)
  for (const [, part, files] of rows) {
    for (const file of namesIn(files)) {
      const source = sources.get(file) ?? ''
      const isUsed = namesIn(part).some((name) => source.includes(name.split('.').at(-1) as string))
      t.ok(isUsed, `${part} in ${file}`)
      t.not(source, '', file)
    }
  }
})

t.test('each file that keeps something under a symbol is named on the page', async (t) => {
  const named = rowsOf('What we keep on objects of other packages').flatMap(([, , files]) => namesIn(files))
  const keeping = [...sources].filter(([, source]) => /= Symbol\(/.test(source)).map(([file]) => file)
  t.strictSame(named.sort(), keeping.sort())
})
