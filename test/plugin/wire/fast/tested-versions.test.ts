import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { findUntested, readVersions } from '../../../../plugin/wire/fast/tested-versions.js'

t.test('the installed versions are tested ones', async (t) => {
  const versions = readVersions()
  t.match(versions, { 'socket.io': /^4\.8\./, 'engine.io': /^6\.6\./, ws: /^8\./ })
  t.equal(findUntested(versions), undefined)
})

t.test('a version that was not tested is named; an unknown one, in a bundle, is accepted', async (t) => {
  const versions = { 'socket.io': '4.8.1', 'engine.io': '6.6.13', ws: '8.24.0' }
  t.equal(findUntested(versions), undefined)
  t.equal(findUntested({ ...versions, 'socket.io': '4.9.0' }), 'socket.io 4.9.0')
  t.equal(findUntested({ ...versions, 'engine.io': '6.6.11', ws: '8.21.3' }), undefined)
  t.equal(findUntested({ ...versions, 'engine.io': '6.6.10' }), 'engine.io 6.6.10')
  t.equal(findUntested({ ...versions, 'engine.io': '16.6.0' }), 'engine.io 16.6.0')
  t.equal(findUntested({ ...versions, ws: '9.0.0' }), 'ws 9.0.0')
  t.equal(findUntested({ 'socket.io': undefined, 'engine.io': undefined, ws: undefined }), undefined)
})

t.test('each package is resolved from the one before', async (t) => {
  const folder = t.testdir()
  const install = async (path: string, name: string, version: string) => {
    const packageFolder = join(folder, path)
    await mkdir(join(packageFolder, 'build'), { recursive: true })
    await writeFile(join(packageFolder, 'package.json'), JSON.stringify({ name, version, main: 'build/index.js' }))
    // Packages with two module formats have such a file.
    await writeFile(join(packageFolder, 'build', 'package.json'), '{ "type": "commonjs" }')
    await writeFile(join(packageFolder, 'build', 'index.js'), '')
  }
  const module = pathToFileURL(join(folder, 'app.js')).href
  await install('node_modules/socket.io', 'socket.io', '4.8.3')
  await install('node_modules/engine.io', 'engine.io', '5.0.0')
  await install('node_modules/socket.io/node_modules/engine.io', 'engine.io', '6.6.9')
  await install('node_modules/ws', 'another', '8.0.0')
  t.strictSame(readVersions(module), { 'socket.io': '4.8.3', 'engine.io': '6.6.9', ws: undefined })
  t.strictSame(readVersions(pathToFileURL(join('/', 'nowhere', 'app.js')).href), {
    'socket.io': undefined,
    'engine.io': undefined,
    ws: undefined,
  })
})
