// cognito.mjs
import { workspacesOf } from './yours.mjs' // { all: ['acme'], owned: [] }

export async function handler(event) {
  const { sub, 'custom:password_reset_at': password_reset_at = '0' } = event.request.userAttributes
  const { all, owned } = await workspacesOf(sub)
  const claimsToAddOrOverride = { workspaces: all, owned_workspaces: owned, password_reset_at }
  const scopesToSuppress = ['aws.cognito.signin.user.admin'] // with it the password alone is enough to change it
  const accessTokenGeneration = { scopesToSuppress }
  event.response = { claimsAndScopeOverrideDetails: { idTokenGeneration: { claimsToAddOrOverride }, accessTokenGeneration } }
  return event
}
