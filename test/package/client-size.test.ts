import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'

/*
 * What `fastify-namespaces/client` adds to the bundle of a front end, beside Socket.IO's own client.
 */

const MOST_BYTES = 5_120
const MOST_BYTES_OF_ROOMS = 900
const MOST_BYTES_OF_PRESENCE = 400

/** Bundles what a front end imports from the client. */
async function bundle(...names: string[]) {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `export { ${names.join(', ')} } from './client.js'`,
      resolveDir: fileURLToPath(new URL('../../dist', import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['socket.io-client'],
    metafile: true,
    write: false,
    outfile: 'client.js',
  })
  const [{ text, contents }] = outputFiles as [(typeof outputFiles)[number]]
  const bytes = gzipSync(contents, { level: 9 }).length
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  return { text, bytes, imported: [...new Set(imported)] }
}

t.test('the client is small, needs nothing but socket.io-client, and runs under a strict CSP', async (t) => {
  const { text, bytes, imported } = await bundle('createClient', 'CallError')
  t.comment(`${bytes} bytes, compressed`)
  t.ok(bytes <= MOST_BYTES, `${bytes} bytes`)
  t.strictSame(imported, ['socket.io-client'])
  t.notMatch(text, /\beval\b|\bFunction\(|\bprocess\b|\brequire\b|\bBuffer\b/)
  t.notMatch(text, /room:|presence:/, 'a front end without rooms and presence does not load them')
})

t.test('rooms add little', async (t) => {
  const [{ bytes: without }, { bytes, imported }] = [
    await bundle('createClient', 'CallError'),
    await bundle('createClient', 'CallError', 'joinRoom', 'roomName'),
  ]
  t.comment(`${bytes - without} bytes, compressed`)
  t.ok(bytes - without <= MOST_BYTES_OF_ROOMS, `${bytes - without} bytes`)
  t.strictSame(imported, ['socket.io-client'])
})

t.test('presence adds little', async (t) => {
  const [{ bytes: without }, { bytes, imported }] = [
    await bundle('createClient', 'CallError'),
    await bundle('createClient', 'CallError', 'followPresence'),
  ]
  t.comment(`${bytes - without} bytes, compressed`)
  t.ok(bytes - without <= MOST_BYTES_OF_PRESENCE, `${bytes - without} bytes`)
  t.strictSame(imported, ['socket.io-client'])
})
