import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/*
 * npm run build:console
 *
 * Builds the page into dist/console/, from which plugin/console.ts serves it. What is imported with import() is a file of its own,
 * which the page loads when it is needed.
 */

const root = fileURLToPath(new URL('.', import.meta.url))

/** Builds the page into an empty folder. */
export async function buildConsole(output: string): Promise<void> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  await build({
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
  })
  for (const file of ['index.html', 'style.css', 'favicon.svg']) await copyFile(join(root, file), join(output, file))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildConsole(fileURLToPath(new URL('../dist/console', import.meta.url)))
}
