import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

/*
 * The package, built and packed; and programs that run in a user's folder.
 */

export const root = fileURLToPath(new URL('../..', import.meta.url))
// Outside of the repository: packages that a user has not installed must not be found in a parent folder.
export const temp = await mkdtemp(join(tmpdir(), 'fastify-namespaces-'))
t.teardown(() => rm(temp, { recursive: true, force: true, maxRetries: 3 }))

// `npm run` passes this repository's .npmrc on in the environment: a user does not have it.
export const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|cache|cafile|userconfig)$)/.test(name)),
)

/**
 * Runs a program to its end; rejects with its output unless it exits with 0.
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

// Packs what `npm run build` has built: the repository's .npmrc turns scripts off, also prepack.
const packed = await run(root, 'npm', 'pack', '--json', '--pack-destination', temp)
const [{ filename, files: packedFiles }]: [{ filename: string; files: { path: string }[] }] = JSON.parse(packed.stdout)

export const files = packedFiles
export const tarball = join(temp, filename)
