// What the page says, in the language that is chosen: here alone, and for as long as the page is open.

import en from "./words/en.js";
import es from "./words/es.js";
import fr from "./words/fr.js";

/** The languages, as their readers call them. */
export const languages = { en: "English", fr: "Français", es: "Español" };

const words = { en, fr, es };
let chosen = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in words) ?? "en";

/** The language that is chosen, as a tag. */
export const language = () => chosen;

/** Chooses another one. */
export function speak(tag) {
  chosen = tag;
  document.documentElement.lang = tag;
}

/** Whether there are words for this. */
export const hasWords = (key) => key in words[chosen];

/** The words for something, with its values in their places. */
export function t(key, values = {}) {
  if (!hasWords(key)) console.error(`no words for ${key}`);
  return (words[chosen][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Whether these are the words for something, in whatever language. */
export const isSaid = (key, text) => Object.values(words).some((own) => own[key] === text);

const shown = (moment, options) => new Intl.DateTimeFormat(chosen, options).format(moment);

/** A moment as the time of the day. */
export const timeOfDay = (moment) => shown(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** A moment as a day. */
export const day = (moment) => shown(moment, { day: "numeric", month: "long", year: "numeric" });

/** A moment as a day and its time. */
export const dayAndTime = (moment) =>
  shown(moment, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Names one after another. */
export const list = (names) => new Intl.ListFormat(chosen, { type: "conjunction" }).format(names);
