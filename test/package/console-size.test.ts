import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import t from 'tap'

/*
 * What a browser loads of the console, as `npm run build` has built it.
 */

const MOST_AT_FIRST = 40 * 1_024
const MOST = 200 * 1_024

const folder = new URL('../../dist/console/', import.meta.url)
const files = (await readdir(folder)).filter((file) => /\.(js|css|html|svg)$/.test(file))
const contents = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(new URL(file, folder))] as const)),
)

const textOf = (file: string) => String(contents.get(file))
const sizeOf = (names: Iterable<string>) =>
  [...names].reduce((sum, file) => sum + gzipSync(contents.get(file) ?? '', { level: 9 }).length, 0)

/** The files that are loaded before the first line of main.js runs. */
function loadedAtFirst(): Set<string> {
  const loaded = new Set(['index.html', 'style.css', 'favicon.svg', 'main.js'])
  for (const file of loaded) {
    const statics = textOf(file).matchAll(/(?:\bfrom|\bimport)\s*"\.\/([\w.-]+\.js)"/g)
    if (file.endsWith('.js')) for (const [, name = ''] of statics) loaded.add(name)
  }
  return loaded
}

t.test('the first load has at most 40 KB, all of the console at most 200 KB', async (t) => {
  const first = sizeOf(loadedAtFirst())
  const all = sizeOf(files)
  t.comment(`${first} bytes at first, ${all} bytes altogether, compressed`)
  t.ok(first <= MOST_AT_FIRST, `${first} bytes at first`)
  t.ok(all <= MOST, `${all} bytes altogether`)
})

t.test('each file is there compressed, and comes with the licences of what is in it', async (t) => {
  const built = await readdir(folder)
  for (const file of files)
    for (const ending of ['br', 'gz']) t.ok(built.includes(`${file}.${ending}`), `${file}.${ending}`)
  const licences = await readFile(new URL('THIRD-PARTY-LICENSES.txt', folder), 'utf8')
  for (const name of ['lit', 'socket.io-client']) t.match(licences, new RegExp(`^${name} \\d`, 'm'))
})

t.test('no file of the console makes code or HTML of a text, or loads anything from elsewhere', async (t) => {
  for (const file of files.filter((file) => file.endsWith('.js'))) {
    t.notMatch(textOf(file), /\beval\(|\bnew Function\b|\bimport\("(?!\.\/)/, file)
  }
  t.notMatch(textOf('index.html'), /<script(?![^>]*\bsrc="\.\/)|<style|\sstyle=|\son\w+=|https?:/)
  t.notMatch(textOf('style.css'), /@import|url\(/)
})
