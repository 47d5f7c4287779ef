// The guide's check in Node. Reads a login and its assertion as a line of JSON. Writes the check's answer as a line.
import { createInterface } from 'node:readline'

const { check } = await import('./check.mjs')
const { hasFactor, stepUp } = await import('./step-up.mjs')
const spent = new Set()
const spend = async (jti) => !spent.has(jti) && Boolean(spent.add(jti))
// A wrong `spend`: it returns a database's reply to an insert of a key that exists.
const careless = async () => ({ rowCount: 0 })

for await (const line of createInterface({ input: process.stdin })) {
  const { assertion, token: loginToken, user, workspace, newest_epoch: newestEpoch, step_up, careless: carelessly, later } = JSON.parse(line)
  // Moves the clock for the cache of keys. Times in a token are read from another clock.
  if (later) Date.now = () => new Date().getTime() + later * 1000
  try {
    if (step_up && !await hasFactor(loginToken)) throw new Error('no factor')
    const said = await (step_up ? stepUp : check)(assertion, { loginToken, user, workspace, newestEpoch }, carelessly ? careless : spend)
    console.log(JSON.stringify({ mfa_epoch: said.mfa_epoch }))
  } catch (error) {
    console.log(JSON.stringify({ refused: error.message }))
  }
}
