import { defineConfig, type Rolldown } from 'tsdown'
import { licenceTexts } from './console/build/licence-texts.js'

/*
 * ESM only: node has require() of ES modules since 20.19.
 * fastify-socket.io asks for Fastify 4 as its peer, so as a dependency it can't be installed beside Fastify 5: it is
 * compiled in, as it is. What it requires itself stays a dependency of ours.
 */
export default defineConfig({
  entry: [
    'plugin/index.ts',
    'plugin/client.ts',
    'plugin/cluster.ts',
    'plugin/conformance.ts',
    'plugin/console.ts',
    'plugin/contract.ts',
    'plugin/react.ts',
    'plugin/stores.ts',
    'plugin/testing.ts',
    'plugin/cli.ts',
  ],
  fixedExtension: false,
  hash: false,
  dts: true,
  deps: { alwaysBundle: ['fastify-socket.io'], onlyBundle: ['fastify-socket.io'] },
  plugins: [requiresAsImports(), licences(), optionalTypes()],
})

// Left alone, its requires would go through createRequire(import.meta.url), where a user's bundler can't follow them.
function requiresAsImports(): Rolldown.Plugin {
  const modules = new Map([
    ['\0fastify-plugin', "export { default } from 'fastify-plugin'"],
    ['\0socket.io', "export { Server } from 'socket.io'"],
  ])
  return {
    name: 'requires-as-imports',
    resolveId: {
      order: 'pre',
      handler: (id, importer) =>
        importer?.includes('/node_modules/fastify-socket.io/') && modules.has(`\0${id}`) ? `\0${id}` : null,
    },
    load: (id) => modules.get(id) ?? null,
  }
}

// The full licence text of every package that has ended up in the bundle.
function licences(): Rolldown.Plugin {
  return {
    name: 'licences',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((output) => (output.type === 'chunk' ? output.moduleIds : []))
      this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENSES.txt', source: licenceTexts(modules) })
    },
  }
}

// socket.io-client is an optional peer: who has not installed it must still compile, also without skipLibCheck.
function optionalTypes(): Rolldown.Plugin {
  return {
    name: 'optional-types',
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type !== 'chunk' || !output.fileName.endsWith('.d.ts')) continue
        output.code = output.code.replace(/^import .* from "socket\.io-client"/m, '// @ts-ignore: an optional peer\n$&')
      }
    },
  }
}
