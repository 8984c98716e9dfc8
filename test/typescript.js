import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread, threadId } from 'node:worker_threads'

/*
 * For `node --import` in tests: runs this repository's TypeScript. esbuild removes the types, once for each text of a file: what it
 * writes is kept in node_modules/.cache. tap's own loader starts the TypeScript compiler twice in every process and keeps nothing;
 * .taprc turns it off.
 */

// Node.js loads this file once more, in the thread of the hooks.
if (isMainThread) register(import.meta.url)

const cache = new URL('../node_modules/.cache/fastify-namespaces/', import.meta.url)

/** @param {string} url */
const isOurs = (url) => url.startsWith('file:') && !url.includes('/node_modules/')

/**
 * An import of `./x.js` is one of `./x.ts` where there is no `./x.js`. The other hooks see the specifier as it is written first:
 * those of t.mockImport() look for it.
 *
 * @type {import('node:module').ResolveHook}
 */
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context)
  } catch (error) {
    const isScript = /^(\.|file:).*\.js(\?|$)/.test(specifier)
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !isScript || !isOurs(new URL(specifier, context.parentURL).href))
      throw error
    return next(specifier.replace(/\.js(?=\?|$)/, '.ts'), context)
  }
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!isOurs(url) || !new URL(url).pathname.endsWith('.ts')) return next(url, context)
  const path = fileURLToPath(url)
  return { format: 'module', source: await transpile(path, readFileSync(path, 'utf8')), shortCircuit: true }
}

/** @type {typeof import('esbuild') | undefined} */
let esbuild

/**
 * @param {string} path
 * @param {string} text
 */
async function transpile(path, text) {
  const key = createHash('sha1').update(`${path}\n${text}`).digest('hex')
  const kept = new URL(`${key}.js`, cache)
  if (existsSync(kept)) return readFileSync(kept)
  esbuild ??= await import('esbuild')
  const { code } = await esbuild.transform(text, {
    loader: 'ts',
    format: 'esm',
    target: 'esnext',
    sourcefile: path,
    sourcemap: 'inline',
    sourcesContent: false,
  })
  mkdirSync(cache, { recursive: true })
  // Another process may write the same file: a rename is never seen half done.
  const written = new URL(`${key}.${process.pid}-${threadId}`, cache)
  writeFileSync(written, code)
  renameSync(written, kept)
  return code
}
