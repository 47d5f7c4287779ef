// The stack's clock, which is ahead of the machine's by as much as users have moved it.

let ahead = 0;

/** The stack's time, in milliseconds. */
export const hear = () => Date.now() + ahead;

let last = Promise.resolve();
/** Moves the stack's clock forward, or only reads it (0). Requests run one by one, so the last reply is the newest. */
export function advance(seconds) {
  last = last.catch(() => {}).then(() => move(seconds));
  return last;
}

async function move(seconds, again = true) {
  const asked = Date.now();
  const reply = await fetch("/dev/clock", { method: "POST", body: JSON.stringify({ advance_seconds: seconds }) });
  const { unix } = await reply.json();
  // The stack answers in whole seconds. If a new second may have begun during the request, ask once more.
  const by = (moment) => Math.ceil((unix * 1000 - moment) / 1000) * 1000;
  ahead = by(asked);
  if (again && by(Date.now()) !== ahead) await move(0, false);
}
