import t from 'tap'
import { externalPrefixOf } from '../../../console/shared/external-prefix.js'

t.test('the prefix of a proxy is what stands before the path of the page', async (t) => {
  for (const [pathname, page, prefix] of [
    ['/namespaces/', '/namespaces/', ''],
    ['/tools/namespaces/', '/namespaces/', '/tools'],
    ['/a/b%20c/v1/console/', '/v1/console/', '/a/b%20c'],
    ['/tools/', '/', '/tools'],
    ['/', '/', ''],
    ['/tools/r%C3%A4ume/', '/räume/', '/tools'],
    ['/tools/acme/namespaces/', '/:tenant/namespaces/', '/tools'],
    ['/tools/Namespaces/', '/namespaces/', '/tools'],
    ['/tools/%E0%A4/', '/%E0%A4/', '/tools'],
    ['/tools/', '/namespaces/', ''],
    ['/mynamespaces/', '/namespaces/', ''],
    ['/', '/v1/namespaces/', ''],
  ] as const) {
    t.equal(externalPrefixOf(pathname, page), prefix, `${pathname} of ${page}`)
  }
})
