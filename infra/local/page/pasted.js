// The code in a text that is pasted. A wrong one would be a guess that counts, so where it is not clear there is none.

// Digits are one number as long as only these stand between them: a phone's, a date, an amount, an account.
const NUMBER = /\d(?:(?:\)[ -]*| *[-/·•|\\\u2044] *| *[.,:'’]| +)?\d)*/g;
// A number with these before or after it is something else: an area, an amount, an address, a longer name, an extension.
const BEFORE = /(?:[+\p{Sc}] *|[\p{Script=Latin}_/=?@]|\p{Script=Latin}{2}-)$/u;
const AFTER = /^(?: ?\p{Sc}|[\p{Script=Latin}_/@%]| *(?:ext\.?|x|#) *\d)/iu;
// The words beside a code, in the languages of this page.
const NAMED = /(?<!\p{L})(?:code|passcode|c[oó]digo|clave)(?: is| est| es)?[\s:"“«*]*$/iu;
const NAMES = /^["”»*]* (?:is your|est votre|es tu|es su)/iu;

/** Longer than any message with a code. */
const LONGEST = 4000;

/** The six digits of the code in a text; none if there is no code in it, or more than one could be meant. */
export function codeIn(pasted) {
  if (pasted.length > LONGEST) return undefined;
  const text = pasted.normalize("NFKC").replace(/\p{Cf}/gu, "").replace(/[\p{Pd}\u2212]/gu, "-");
  // The line that phones fill a code in by says whose it is, and nothing else.
  const bound = [...text.matchAll(/^@\S+ #(\d{6})(?!\S)/gm)].map(([, code]) => code);
  if (bound.length) return only(bound);
  const found = [...text.matchAll(NUMBER)]
    .map(({ 0: digits, index }) => ({ digits, before: text.slice(0, index), after: text.slice(index + digits.length) }))
    .filter(({ digits, before, after }) => /^\d{3}[ -]?\d{3}$/.test(digits) && !BEFORE.test(before) && !AFTER.test(after));
  const named = found.filter(({ before, after }) => NAMED.test(before) || NAMES.test(after));
  return only((named.length ? named : found).map(({ digits }) => digits.replace(/\D/, "")));
}

const only = (codes) => (new Set(codes).size === 1 ? codes[0] : undefined);
