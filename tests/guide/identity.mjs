// The claims that the guide's Cognito triggers and Auth0 Action add to login tokens, before and after a password reset.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { handler } from './cognito.mjs'

const email = 'ada@acme.com'
const { onExecutePostLogin } = createRequire(import.meta.url)('./auth0.cjs')

async function auth0(reset) {
  const claims = {}
  const api = { accessToken: { setCustomClaim: (name, value) => { claims[name] = value } } }
  await onExecutePostLogin({ user: { email, email_verified: true, app_metadata: { workspaces: ['acme', 'globex'] }, ...reset } }, api)
  return claims
}

// A user of Cognito, and the attributes that the trigger writes.
const userAttributes = { sub: 'ada', email }
const user = { userPoolId: 'us-east-1_AbCdEfGhI', userName: 'ada' }
const pool = createServer(async (request, reply) => {
  let body = ''
  for await (const part of request) body += part
  const { UserPoolId, Username, UserAttributes } = JSON.parse(body)
  assert.match(request.headers['x-amz-target'], /\.AdminUpdateUserAttributes$/)
  assert.deepEqual({ userPoolId: UserPoolId, userName: Username }, user)
  for (const { Name, Value } of UserAttributes) userAttributes[Name] = Value
  reply.end('{}')
})
await new Promise((listening) => pool.listen(0, '127.0.0.1', listening))
Object.assign(process.env, {
  AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_ENDPOINT_URL: `http://127.0.0.1:${pool.address().port}`,
})
const { handler: message } = await import('./cognito-reset.mjs')

// Events as AWS documents them, and the parts of the answers that AWS uses.
async function cognito(triggerSource) {
  const asked = { version: '1', triggerSource, ...user, request: { userAttributes }, response: { emailMessage: null } }
  assert.deepEqual(await message(asked), asked)
  const scopes = ['openid', 'aws.cognito.signin.user.admin', 'email']
  const event = { version: '2', triggerSource: 'TokenGeneration_Authentication', ...user, request: { userAttributes, scopes }, response: {} }
  const { idTokenGeneration, accessTokenGeneration } = (await handler(event)).response.claimsAndScopeOverrideDetails
  // With these scopes, the access token could change the password and delete the user. The client has it after the
  // password alone.
  const { scopesToAdd = [], scopesToSuppress } = accessTokenGeneration
  assert.deepEqual(scopes.concat(scopesToAdd).filter((scope) => !scopesToSuppress.includes(scope)), ['openid', 'email'])
  return idTokenGeneration.claimsToAddOrOverride
}

console.log(JSON.stringify({
  auth0: [await auth0({}), await auth0({ last_password_reset: new Date().toISOString() })],
  cognito: [await cognito('CustomMessage_SignUp'), await cognito('CustomMessage_ForgotPassword')],
}))
pool.close()
pool.closeAllConnections()
