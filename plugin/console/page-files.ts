import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FST_NSP_CONSOLE_MISSING, FST_NSP_STATIC_MISSING } from './console-errors.js'

type FastifyStatic = typeof import('@fastify/static')['default']

/**
 * Loads @fastify/static, an optional peer.
 *
 * @throws FST_NSP_STATIC_MISSING if it is not installed
 */
export async function loadStatic(load = () => import('@fastify/static')): Promise<FastifyStatic> {
  try {
    const { default: fastifyStatic } = await load()
    return fastifyStatic
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw Object.assign(new FST_NSP_STATIC_MISSING(), { cause: error })
  }
}

/**
 * Reads the page itself, without its scripts.
 *
 * @throws FST_NSP_CONSOLE_MISSING if the page is not in this folder
 */
export async function readPage(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, 'index.html'), 'utf8')
  } catch (error) {
    throw Object.assign(new FST_NSP_CONSOLE_MISSING(folder), { cause: error })
  }
}
