// check.mjs
import { createHash } from 'node:crypto'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, jwtVerify } from 'jose'

export const issuer = 'https://mfa.acme.com'
const audience = 'acme-app'
const day = 24 * 60 * 60 * 1000
let good, until = 0
// The service's keys. While it fails, those of its last good answer will do, for a day.
async function fetchKeys(url, options) {
  try {
    const reply = await fetch(url, options)
    if (reply.status !== 200) throw new Error(`the keys: ${reply.status}`)
    const answer = await reply.json()
    createLocalJWKSet(answer) // throws unless it is a list of keys
    if (!answer.keys.length) throw new Error('no keys')
    good = answer
    until = Date.now() + day
  } catch (error) {
    if (Date.now() >= until) throw error
  }
  return Response.json(good)
}
// Kept for ten minutes, and fetched anew for a key that is new; not twice within half a minute, whatever is asked, and for five
// seconds at most.
const keys = createRemoteJWKSet(new URL(issuer + '/.well-known/jwks.json'), { [customFetch]: fetchKeys })
const requiredClaims = ['exp', 'sub', 'ath', 'jti', 'mfa', 'workspaces', 'mfa_epoch']

export async function check(assertion, { loginToken, user, workspace, newestEpoch }, spend) {
  const rules = { algorithms: ['ES256'], typ: 'mfa+jwt', issuer, audience, requiredClaims }
  const { payload: said } = await jwtVerify(assertion, keys, rules)
  const must = (holds, why) => { if (!holds) throw new Error(why) }
  must(said.sub === user, 'of another user')
  must(said.ath === createHash('sha256').update(loginToken).digest('base64url'), 'of another login')
  must(['passed', 'not_required'].includes(said.mfa), 'MFA is not settled')
  must(said.workspaces.includes(workspace), 'not for this workspace')
  must(said.mfa_epoch >= newestEpoch, 'from before a change of factors')
  must(await spend(said.jti) === true, 'spent')
  return said
}
