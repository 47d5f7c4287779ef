// The page's texts in the chosen language. The choice lasts until the page is closed.

import en from "./words/en.js";
import es from "./words/es.js";
import fr from "./words/fr.js";

/** The languages, each with its own name. */
export const languages = { en: "English", fr: "Français", es: "Español" };

const words = { en, fr, es };
let chosen = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in words) ?? "en";

/** The tag of the chosen language. */
export const language = () => chosen;

/** Chooses another language. */
export function speak(tag) {
  chosen = tag;
  document.documentElement.lang = tag;
}

/** Whether there is a text for this key. */
export const hasWords = (key) => key in words[chosen];

/** The text for a key, with its values filled in. */
export function t(key, values = {}) {
  if (!hasWords(key)) console.error(`no words for ${key}`);
  return (words[chosen][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Whether `text` is the text for this key in any language. */
export const isSaid = (key, text) => Object.values(words).some((own) => own[key] === text);

const shown = (moment, options) => new Intl.DateTimeFormat(chosen, options).format(moment);

/** Formats a moment as a time of day. */
export const timeOfDay = (moment) => shown(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Formats a moment as a day. */
export const day = (moment) => shown(moment, { day: "numeric", month: "long", year: "numeric" });

/** Formats a moment as a day and a time. */
export const dayAndTime = (moment) =>
  shown(moment, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Formats a list of names. */
export const list = (names) => new Intl.ListFormat(chosen, { type: "conjunction" }).format(names);
