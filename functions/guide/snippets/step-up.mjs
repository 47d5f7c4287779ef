// step-up.mjs
import { check, issuer } from './check.mjs'

const wait = 24 * 60 * 60
// Begun with a code of a factor that was there before. A factor that was begun in any other way waits.
const atOnce = ['otp', 'sms']

// Whether a login token for an open session may go to its page: where there is no factor yet, it is all that enrolling takes.
export async function hasFactor(loginToken) {
  const reply = await fetch(issuer + '/v1/logins', { method: 'POST', headers: { authorization: `Bearer ${loginToken}` } })
  return (await reply.json()).decision === 'challenge'
}

export async function stepUp(assertion, login, spend) {
  const said = await check(assertion, login, spend)
  if (said.mfa !== 'passed' || !said.amr.includes('mfa')) throw new Error('by no factor')
  const oldEnough = Date.now() / 1000 - said.factor_since >= wait
  if (!oldEnough && !atOnce.includes(said.enrolled_by)) throw new Error('too soon after the factor was added')
  return said
}
