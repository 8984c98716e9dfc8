import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { build, type Plugin } from 'esbuild'
import { minify } from 'terser'
import { licenceTexts } from './licence-texts.js'
import { loadGroups } from './load-groups.js'

/*
 * npm run build:console
 *
 * node --import tsx console/build/build-console.ts --if-older    at once, for a server on this machine; not if it is newer than its
 *                                                                sources
 *
 * Builds the page into dist/console/, from which plugin/console.ts serves it. What is imported with import() is a file of its own,
 * which the page loads when it is needed. Each file is there compressed, too.
 */

const root = fileURLToPath(new URL('..', import.meta.url))

interface BuildOptions {
  /** Whether the files are as small as can be, and there compressed, too. It takes ten times as long. */
  readonly isForUsers?: boolean
}

/** Builds the page into an empty folder. */
export async function buildConsole(output: string, { isForUsers = false }: BuildOptions = {}): Promise<void> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  const { metafile } = await build({
    entryPoints: [join(root, 'main.ts')],
    outdir: output,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    plugins: [loadGroups(root), shortTemplates],
    // openapi-sampler writes XML with it. The page shows no XML.
    alias: { 'fast-xml-parser': join(root, 'build/no-xml.js') },
    absWorkingDir: join(root, '..'),
  })
  for (const file of ['index.html', 'style.css', 'favicon.svg']) await copyFile(join(root, file), join(output, file))
  if (isForUsers) await Promise.all((await readdir(output)).map((file) => finish(join(output, file))))
  await writeFile(join(output, 'THIRD-PARTY-LICENSES.txt'), licenceTexts(Object.keys(metafile.inputs)))
}

/** Takes white space out of templates, which no minifier knows. */
const shortTemplates: Plugin = {
  name: 'short-templates',
  setup({ onLoad }) {
    onLoad({ filter: /\/console\/(views|editor)\/.*\.ts$/ }, async ({ path }) => {
      const text = (await readFile(path, 'utf8')).replace(/\n\s+/g, '\n')
      return { contents: text.replace(/\bcss`[^`]*`/g, shortenStyles), loader: 'ts' }
    })
  },
}

function shortenStyles(styles: string): string {
  return styles.replace(/\s+/g, ' ').replace(/ ?([{};,]) ?/g, '$1')
}

/** Makes a file smaller. Writes it as `.br` and as `.gz`, too, which the server sends to browsers that take them. */
async function finish(file: string): Promise<void> {
  // terser makes 3 % less of what esbuild has minified.
  if (extname(file) === '.js') {
    const { code = '' } = await minify(await readFile(file, 'utf8'), { module: true, compress: { passes: 2 } })
    await writeFile(file, code)
  }
  const content = await readFile(file)
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content))
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }))
}

/** Whether a source of the page is newer than what was built. */
async function isOlder(output: string): Promise<boolean> {
  const built = await stat(join(output, 'main.js')).catch(() => undefined)
  if (!built) return true
  for (const folder of [root, join(root, '../plugin')]) {
    for (const file of await readdir(folder, { recursive: true }))
      if ((await stat(join(folder, file))).mtimeMs > built.mtimeMs) return true
  }
  return false
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const output = fileURLToPath(new URL('../../dist/console', import.meta.url))
  const isForUsers = !process.argv.includes('--if-older')
  if (isForUsers || (await isOlder(output))) await buildConsole(output, { isForUsers })
}
