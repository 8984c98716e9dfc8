import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

/*
 * The package, as it is built, packed; and programs that are run in folders of users.
 */

export const root = fileURLToPath(new URL('../..', import.meta.url))
// Not below the repository: what a user has not installed must not be found further up.
export const temp = await mkdtemp(join(tmpdir(), 'fastify-namespaces-'))
t.teardown(() => rm(temp, { recursive: true, force: true, maxRetries: 3 }))

// `npm run` hands this repository's .npmrc on in the environment: a user has none of it.
export const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|cache|cafile|userconfig)$)/.test(name)),
)

/**
 * Runs a program to its end; rejects with all that it printed unless it exits with 0.
 * Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
 */
export async function run(
  folder: string,
  program: string,
  ...args: string[]
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await promisify(execFile)('env', ['-u', 'NODE_OPTIONS', program, ...args], {
      cwd: folder,
      env,
      timeout: 120_000,
    })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error })
  }
}

export const bin = (name: string) => join(root, 'node_modules/.bin', name)
export const module = (path: string) => join(root, 'node_modules', path)

// Of what `npm run build` has made: the repository's .npmrc turns scripts off, prepack too.
const packed = await run(root, 'npm', 'pack', '--json', '--pack-destination', temp)
const [{ filename, files: packedFiles }]: [{ filename: string; files: { path: string }[] }] = JSON.parse(packed.stdout)

export const files = packedFiles
export const tarball = join(temp, filename)
