import { randomBytes } from 'node:crypto'

/*
 * What a browser sends with a handshake.
 */

/** Some 2 kB: cookies, and a token of 1 kB. Without an origin, because it would have to be that of the server. */
export function createHeaders(client: number): Record<string, string> {
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')
  const cookies = {
    session: random(48),
    _ga: `GA1.1.${client}.1764500000`,
    _ga_K2B7: `GS2.1.s1764500000$o${client}$g1$t1764500100$j60$l0$h0`,
    consent: random(60),
    csrf: random(24),
    theme: 'dark',
  }
  return {
    'user-agent':
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
    'accept-encoding': 'gzip, deflate, br, zstd',
    'cache-control': 'no-cache',
    'x-forwarded-for': `203.0.${(client >> 8) & 255}.${client & 255}`,
    cookie: Object.entries(cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; '),
    authorization: `Bearer ${random(768)}`,
  }
}
