import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'

/*
 * What `fastify-namespaces/client` adds to the bundle of a front end, beside Socket.IO's own client.
 */

const MOST_BYTES = 5_120

t.test('the client is small, needs nothing but socket.io-client, and runs under a strict CSP', async (t) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../dist/client.js', import.meta.url))],
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
  t.comment(`${bytes} bytes, compressed`)
  t.ok(bytes <= MOST_BYTES, `${bytes} bytes`)
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  t.strictSame([...new Set(imported)], ['socket.io-client'])
  t.notMatch(text, /\beval\b|\bFunction\(|\bprocess\b|\brequire\b|\bBuffer\b/)
})
