// What the README's trigger for Cognito and its Action for Auth0 put into login tokens.
import { createRequire } from 'node:module'
import { handler } from './cognito.mjs'

const claims = {}
const email = 'ada@acme.com'
const { onExecutePostLogin } = createRequire(import.meta.url)('./auth0.cjs')
const api = { accessToken: { setCustomClaim: (name, value) => { claims[name] = value } } }
await onExecutePostLogin({ user: { email, email_verified: true, app_metadata: { workspaces: ['acme', 'globex'] } } }, api)

// As AWS documents an event of version 2, and what it takes of the answer.
const event = { version: '2', triggerSource: 'TokenGeneration_Authentication', request: { userAttributes: { sub: 'ada', email } }, response: {} }
const { response } = await handler(event)
console.log(JSON.stringify({ auth0: claims, cognito: response.claimsAndScopeOverrideDetails.idTokenGeneration.claimsToAddOrOverride }))
