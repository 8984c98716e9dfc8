import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import typescript from 'typescript'

/*
 * Compiles servers, loads and the programs of chaos runs to plain JavaScript, so that no loader thread, hooks or source maps run beside
 * the measurement.
 */

const source = fileURLToPath(new URL('.', import.meta.url))
const target = join(source, '.built')

/** Compiles every TypeScript file of this folder and of those below into `.built`, one by one and unchecked. */
export function transpile(): void {
  for (const folder of ['.', 'chaos', 'contenders', 'loads']) {
    for (const name of readdirSync(join(source, folder)).filter((name) => name.endsWith('.ts'))) {
      const path = join(target, folder, name.replace(/\.ts$/, '.js'))
      const { outputText } = typescript.transpileModule(readFileSync(join(source, folder, name), 'utf8'), {
        compilerOptions: {
          target: typescript.ScriptTarget.ES2022,
          module: typescript.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
        },
      })
      mkdirSync(dirname(path), { recursive: true })
      // Only written if it differs, and never seen half done: another run may be reading it.
      if (existsSync(path) && readFileSync(path, 'utf8') === outputText) continue
      const written = `${path}.${process.pid}`
      writeFileSync(written, outputText)
      renameSync(written, path)
    }
  }
}
