import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import t from 'tap'
import { hasRedis } from '../../../cluster/redis.js'
import { openBroker } from './broker-harness.js'
import { startTestRedis } from './redis-server.js'

/*
 * Redis over TLS, with a certificate of its own.
 */

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

/** Makes a key and a certificate for localhost. */
async function createCertificate(folder: string): Promise<[key: string, certificate: string]> {
  const files: [string, string] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, '-keyout', files[0], '-out', files[1], ...subject])
  return files
}

t.test('over TLS entries are appended and delivered, and an unknown certificate is refused', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-tls-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [key, certificate] = await createCertificate(folder)
  const unused = createServer().listen(0, '127.0.0.1')
  await once(unused, 'listening')
  const { port } = unused.address() as AddressInfo
  unused.close()
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
  await startTestRedis(t, ['--tls-port', String(port), '--tls-auth-clients', 'no', '--bind', '127.0.0.1', ...files])
  const ca = await readFile(certificate)

  const clients = {
    redis: createClient({ socket: { host: 'localhost', port, tls: true, ca } }),
    ioredis: new Redis({ host: 'localhost', port, tls: { ca }, lazyConnect: true }),
  }
  for (const [prefix, client] of Object.entries(clients)) {
    const { broker, heard, append } = await openBroker(t, { client, prefix })
    await broker.follow(0)
    await append(0, 'a', 'b')
    await heard.until(() => heard.bodies(0).length === 2)
    t.strictSame(heard.bodies(0), ['a', 'b'])
  }
  const stranger = createClient({ url: `rediss://localhost:${port}` })
  await t.rejects(openBroker(t, { client: stranger }), { code: 'FST_NSP_BROKER_UNREACHABLE', message: /certificate/ })
})
