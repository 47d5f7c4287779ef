// auth0.js
exports.onExecutePostLogin = async (event, api) => {
  const { workspaces = [], owned_workspaces = [] } = event.user.app_metadata ?? {}
  const { email, email_verified, last_password_reset = 0 } = event.user
  const password_reset_at = Math.floor(new Date(last_password_reset) / 1000)
  const claims = { email, email_verified, password_reset_at, workspaces, owned_workspaces }
  for (const name in claims) api.accessToken.setCustomClaim(`https://acme.com/${name}`, claims[name])
}
