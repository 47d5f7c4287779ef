// cognito-reset.mjs
import { AdminUpdateUserAttributesCommand, CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider'

const cognito = new CognitoIdentityProviderClient()

export async function handler(event) {
  const { triggerSource, userPoolId: UserPoolId, userName: Username } = event
  const UserAttributes = [{ Name: 'custom:password_reset_at', Value: `${Math.floor(Date.now() / 1000)}` }]
  if (triggerSource === 'CustomMessage_ForgotPassword') {
    await cognito.send(new AdminUpdateUserAttributesCommand({ UserPoolId, Username, UserAttributes }))
  }
  return event
}
