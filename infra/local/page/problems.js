// What a problem means to whoever it happened to.

import { hasWords, t, timeOfDay } from "./words.js";

/** A problem in words: by what is special about it, by its code, or else as the API says it. */
export function explain(problem) {
  const key = [`${problem.code}.${problem.reason}`, problem.code].map((code) => `problem.${code}`).find(hasWords);
  const parts = [key ? t(key) : (problem.detail ?? t("problem.unknown", { code: problem.code }))];
  if (problem.attempts_left > 0) parts.push(t("problem.left", { count: problem.attempts_left }));
  if (problem.attempts_left === 0) parts.push(t("problem.none-left"));
  if (problem.again) parts.push(t("problem.again", { time: timeOfDay(problem.again) }));
  return parts.join(" ");
}
