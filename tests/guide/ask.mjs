// The README's check in Node, asked line by line: a login and its assertion as JSON in, what the check says of it out.
import { createInterface } from 'node:readline'

const { check } = await import('./check.mjs')
const { hasFactor, stepUp } = await import('./step-up.mjs')
const spent = new Set()
const spend = async (jti) => !spent.has(jti) && Boolean(spent.add(jti))
// As a database replies to an insert under a key that is there already.
const careless = async () => ({ rowCount: 0 })

for await (const line of createInterface({ input: process.stdin })) {
  const { assertion, token: loginToken, user, workspace, newest_epoch: newestEpoch, step_up, careless: carelessly, later } = JSON.parse(line)
  // The clock that keys are kept by; times in a token are read by another.
  if (later) Date.now = () => new Date().getTime() + later * 1000
  try {
    if (step_up && !await hasFactor(loginToken)) throw new Error('no factor')
    const said = await (step_up ? stepUp : check)(assertion, { loginToken, user, workspace, newestEpoch }, carelessly ? careless : spend)
    console.log(JSON.stringify({ mfa_epoch: said.mfa_epoch }))
  } catch (error) {
    console.log(JSON.stringify({ refused: error.message }))
  }
}
