// The stack's clock, which runs ahead of the machine's by as much as it has been moved.

let ahead = 0;

/** The stack's time, in milliseconds. */
export const hear = () => Date.now() + ahead;

let last = Promise.resolve();
/** Moves the stack's clock forward; by nothing, it is only read. One after the other, so that no older reply comes last. */
export function advance(seconds) {
  last = last.catch(() => {}).then(() => move(seconds));
  return last;
}

async function move(seconds, again = true) {
  const asked = Date.now();
  const reply = await fetch("/dev/clock", { method: "POST", body: JSON.stringify({ advance_seconds: seconds }) });
  const { unix } = await reply.json();
  // It is ahead by whole seconds, and tells whole seconds: where another one may have begun meanwhile, it is asked once more.
  const by = (moment) => Math.ceil((unix * 1000 - moment) / 1000) * 1000;
  ahead = by(asked);
  if (again && by(Date.now()) !== ahead) await move(0, false);
}
