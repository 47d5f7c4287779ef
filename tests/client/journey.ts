// From enrollment to a login and back, by a client whose types are generated from the contract. If the contract is
// wrong about what is read here, or fits no generator, this does not compile. Assertions accept anything, so their
// arguments have explicit types. A browser would send the same requests.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import createClient from 'openapi-fetch'
import type { components, paths } from './made/contract.js'

type Schemas = components['schemas']
const api = process.env['API'] ?? 'http://127.0.0.1:8080'

/** A client for one login. */
const client = (loginToken: string) => createClient<paths>({ baseUrl: api, headers: { authorization: `Bearer ${loginToken}` } })

/** The data of a reply. Throws its problem. */
function done<Data>({ data, error }: { data?: Data; error?: Schemas['Problem'] | Schemas['Refused'] }): Data {
  if (data !== undefined) return data
  throw new Error(error && 'type' in error ? `${error.type}: ${error.detail ?? error.title}` : error?.message)
}

async function login(sub: string) {
  const reply = await fetch(`${api}/dev/tokens`, { method: 'POST', body: JSON.stringify({ sub, workspaces: ['acme'] }) })
  const { token } = (await reply.json()) as { token: string }
  const mfa = client(token)
  return { mfa, ...done(await mfa.POST('/v1/logins')) }
}

/** The code that an authenticator app shows now, or next. */
function code(secret: string, ...options: string[]): string {
  return execFileSync(process.env['LOCAL'] ?? 'local', ['code', '--memory', secret, ...options], { encoding: 'utf8' }).trim()
}

// Ada has no factor, and begins an app.
const first = await login('ada')
assert(first.decision === 'allow')
const begun = done(await first.mfa.POST('/v1/factors', { body: { kind: 'totp', name: 'My phone' } }))
assert(begun.kind === 'totp')
const { secret } = begun.totp
const path = { factor_id: begun.id }
const activated = done(await first.mfa.POST('/v1/factors/{factor_id}/activate', { params: { path }, body: { code: code(secret) } }))
const codes: string[] = activated.recovery_codes ?? []
assert.equal(codes.length, 10)

// Her next login is challenged. A wrong code is a problem with the attempts left, and the right code gives an
// assertion.
const second = await login('ada')
assert(second.decision === 'challenge')
const names: string[] = second.factors.map(({ name }) => name)
assert.deepEqual(names, ['My phone'])
const wrong = await second.mfa.POST('/v1/factors/{factor_id}/verify', { params: { path }, body: { code: '000000' } })
assert(wrong.error && 'type' in wrong.error)
const left: number | undefined = wrong.error.attempts_left
assert.equal(left, 4)
const right = { params: { path }, body: { code: code(secret, '--next') } }
const { assertion, factor } = done(await second.mfa.POST('/v1/factors/{factor_id}/verify', right))
const used: string | null | undefined = factor.last_used_at
assert.equal(used?.length, 20)
// How the factor was begun, and since when it is active.
const [by, since]: [Schemas['EnrolledBy'], string | null] = [factor.enrolled_by, factor.factor_since]
assert.deepEqual([by, since?.length], ['first', 20])

// With it she lists her factors, makes new recovery codes, begins a phone, and removes the app.
const listed = done(await second.mfa.GET('/v1/factors'))
const counts: number[] = [listed.factors.length, listed.recovery.codes_left]
assert.deepEqual(counts, [1, 10])
const header = { 'MFA-Assertion': assertion }
const anew = done(await second.mfa.POST('/v1/recovery/codes', { params: { header } }))
const others: string[] = anew.recovery_codes
assert.notDeepEqual(others, codes)
const phone = done(await second.mfa.POST('/v1/factors', { params: { header }, body: { kind: 'sms', phone: '+1 415 555 0123' } }))
assert(phone.kind === 'sms')
const hint: string = phone.sms.phone_hint
assert.equal(hint, '+1 ••• ••• 0123')
done(await second.mfa.DELETE('/v1/factors/{factor_id}', { params: { path, header } }))
assert((await login('ada')).decision === 'allow')

// Requests that the contract forbids do not compile. This function is for the compiler and never runs.
void (() => [
  // @ts-expect-error there is no such field
  listed.recovery.codes_lost,
  // @ts-expect-error a phone has a number
  second.mfa.POST('/v1/factors', { body: { kind: 'sms' } }),
  // @ts-expect-error an app has no number
  second.mfa.POST('/v1/factors', { body: { kind: 'totp', phone: '+1 415 555 0123' } }),
  // @ts-expect-error there is no such decision
  second.decision === 'deny',
  // @ts-expect-error there is no such route
  second.mfa.GET('/v1/logins'),
])
console.log('a client made from the contract enrolled, logged in and removed')
