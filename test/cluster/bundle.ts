import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/*
 * Makes one file of a program and the source of the plugin: a process that runs it starts in a third of the time.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Bundles a program for the processes of one test file.
 *
 * @param program - its path in this repository
 * @returns the path of the bundle
 */
export async function bundle(program: string): Promise<string> {
  const name = program.replaceAll('/', '-').replace(/\.ts$/, '')
  const outfile = `${root}node_modules/.cache/fastify-namespaces/${name}-${process.pid}.mjs`
  await build({
    absWorkingDir: root,
    entryPoints: [program],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    sourcemap: 'inline',
  })
  return outfile
}
