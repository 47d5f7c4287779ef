// Finds the code in a pasted text. A wrong code would count as an attempt, so an unclear text has no code.

// Digits are one number if only these characters are between them, as in a phone number, a date, an amount or an
// account.
const NUMBER = /\d(?:(?:\)[ -]*| *[-/·•|\\\u2044] *| *[.,:'’]| +)?\d)*/g;
// With these before or after it, a number is part of a phone number, an amount, an address or a longer name.
const BEFORE = /(?:[+\p{Sc}] *|[\p{Script=Latin}_/=?@]|\p{Script=Latin}{2}-)$/u;
const AFTER = /^(?: ?\p{Sc}|[\p{Script=Latin}_/@%]| *(?:ext\.?|x|#) *\d)/iu;
// The words beside a code, in the page's languages.
const NAMED = /(?<!\p{L})(?:code|passcode|c[oó]digo|clave)(?: is| est| es)?[\s:"“«*]*$/iu;
const NAMES = /^["”»*]* (?:is your|est votre|es tu|es su)/iu;

/** The longest text to search, in characters. No message with a code is longer. */
const LONGEST = 4000;

/** Returns the six digits of the code in a text, or nothing if there is no code or more than one. */
export function codeIn(pasted) {
  if (pasted.length > LONGEST) return undefined;
  const text = pasted.normalize("NFKC").replace(/\p{Cf}/gu, "").replace(/[\p{Pd}\u2212]/gu, "-");
  // In the line for autofill, `@domain #code`, the code is certain.
  const bound = [...text.matchAll(/^@\S+ #(\d{6})(?!\S)/gm)].map(([, code]) => code);
  if (bound.length) return only(bound);
  const found = [...text.matchAll(NUMBER)]
    .map(({ 0: digits, index }) => ({ digits, before: text.slice(0, index), after: text.slice(index + digits.length) }))
    .filter(({ digits, before, after }) => /^\d{3}[ -]?\d{3}$/.test(digits) && !BEFORE.test(before) && !AFTER.test(after));
  const named = found.filter(({ before, after }) => NAMED.test(before) || NAMES.test(after));
  return only((named.length ? named : found).map(({ digits }) => digits.replace(/\D/, "")));
}

const only = (codes) => (new Set(codes).size === 1 ? codes[0] : undefined);
