import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const source = (file: string) => fileURLToPath(new URL(`../../plugin/${file}`, import.meta.url))

export default defineConfig({
  plugins: [react()],
  resolve: {
    // Only in this repository, where fastify-namespaces is a folder.
    alias: { 'fastify-namespaces/client': source('client.ts'), 'fastify-namespaces/react': source('react.ts') },
  },
  // For `vite examples/typed-client`, which shows each change of the front end at once, beside a server on port 3000.
  server: { proxy: { '/socket.io': { target: 'http://localhost:3000', ws: true } } },
})
