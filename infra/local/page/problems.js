// Explains problems to the user.

import { hear } from "./clock.js";
import { day, dayAndTime, hasWords, t, timeOfDay } from "./words.js";

/** A problem in words. It uses the text for the code and reason, or for the code alone, or else the API's detail. */
export function explain(problem) {
  const key = [`${problem.code}.${problem.reason}`, problem.code].map((code) => `problem.${code}`).find(hasWords);
  const parts = [key ? t(key) : (problem.detail ?? t("problem.unknown", { code: problem.code }))];
  if (problem.attempts_left > 0) parts.push(t("problem.left", { count: problem.attempts_left }));
  if (problem.attempts_left === 0) parts.push(t("problem.none-left"));
  if (problem.binds_until) parts.push(t("problem.binds-until", { moment: dayAndTime(new Date(problem.binds_until)) }));
  if (problem.again) parts.push(again(problem.again));
  return parts.join(" ");
}

/** Says when the user may try again, with the day unless it is today. */
export function again(moment) {
  const [on, time] = [day(moment), timeOfDay(moment)];
  return on === day(hear()) ? t("problem.again", { time }) : t("problem.again-on", { day: on, time });
}
