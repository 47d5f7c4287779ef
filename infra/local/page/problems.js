// What a problem means to whoever it happened to.

import { hear } from "./clock.js";
import { day, dayAndTime, hasWords, t, timeOfDay } from "./words.js";

/** A problem in words: by what is special about it, by its code, or else as the API says it. */
export function explain(problem) {
  const key = [`${problem.code}.${problem.reason}`, problem.code].map((code) => `problem.${code}`).find(hasWords);
  const parts = [key ? t(key) : (problem.detail ?? t("problem.unknown", { code: problem.code }))];
  if (problem.attempts_left > 0) parts.push(t("problem.left", { count: problem.attempts_left }));
  if (problem.attempts_left === 0) parts.push(t("problem.none-left"));
  if (problem.binds_until) parts.push(t("problem.binds-until", { moment: dayAndTime(new Date(problem.binds_until)) }));
  if (problem.again) parts.push(again(problem.again));
  return parts.join(" ");
}

/** From when on it may be tried again, with the day unless that is today. */
export function again(moment) {
  const [on, time] = [day(moment), timeOfDay(moment)];
  return on === day(hear()) ? t("problem.again", { time }) : t("problem.again-on", { day: on, time });
}
