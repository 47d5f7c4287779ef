// The code in a pasted text. It must never be six digits of something else, because a wrong code counts as a guess.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const text = readFileSync(new URL("../../infra/local/page/pasted.js", import.meta.url), "utf8");
const { codeIn } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

const OTHERS = [
  "+1 415 555 0123", "+1 (415) 555-0123", "+1(415)555-0123", "(415) 555-0123", "415-555-0123", "415.555.0123", "415 555 0123", "4155550123", "555-0123",
  "1-800-555-0199", "1 800 555 0199", "1 (800) 555-0199", "+44 20 7946 0958", "+44 (0)20 7946 0958", "+33 1 23 45 67 89", "+123 456", "+(123) 456",
  "+1\u2011415\u2011555\u20110123", "+1\u00a0415\u00a0555\u00a00123", "＋１ ４１５ ５５５ ０１２３", "\u202a+1 (415) 555-0123\u202c",
  "2026-11-30", "30/11/2026", "11/30/26", "30.11.26", "20261130", "2026-11-30 12:34", "2026-11-30T12:34:56Z", "12:34:56", "10:45",
  "$123,456.00", "$123456", "$ 123456", "123456 €", "123456€", "123.456,00 €", "£123,456", "123’456.00", "123456%",
  "(01234) 567890", "+44 (1234) 567890", "+44 1234 567890", "01234-567890", "3.141592", "3,141592", "12/123456", "123456/A", "12:123456", "1’123456", "1'123456",
  "1234567", "12345678901", "INV-123456", "INV-2026-123456", "AB123456", "123456AB", "id_123456", "123456_id", "12345", "123-4567", "1234-567",
  "1234 5678 9012", "3782 822463 10005", "4111 1111 1111 1111", "GB29 NWBK 6016 1331 9268 19", "DE89 3704 0044 0532 0130 00", "12-34-56 12345678",
  "415 555 - 0123", "415 555 \u2013 0123", "415 555- 0123", "1 - 415555 - 0123", "555-012 - 3456", "12 - 345678", "0123 - 456789",
  "123456 \u2013 7890", "123456 · 7890", "4111 · 123456", "4111 • 123456", "1 | 123456", "1 \\ 123456", "1 - 123456", "123456 / 7", "7 / 123456", "123456\u20447",
  "415555 ext 12", "415555 ext. 12", "415555 x0123", "415555x12", "415555 #12",
  "550e8400-e29b-41d4-a716-446655440000", "example.com/v/123456", "example.com/?code=123456", "example.com/?123456", "123456@example.com", "user@123456.example.com",
];

const CODES = [
  "677001", "677 001", "677-001", "677\u00a0001", "677\u202f001", "677\u2011001", "677\u2013001", "677\u2212001", "６７７００１", "６７７　００１", "G-677001", "#677001",
  "\u2068677001\u2069", "\u200e677001\u200f", "677\u200b001", "677\u00ad001", "\ufeff677001", "677001\n", "\r\n\t677001 \r\n", "(677001)", "*677001*", "“677 001”", "677001.",
];

const MESSAGES = [
  (code, other) => `Your code is ${code}. Call ${other}.`,
  (code, other) => `${other}: your code is ${code}. It expires in 10 min.`,
  (code, other) => `${code} is your Acme code. Not you? Call ${other}`,
  (code, other) => `Acme : votre code est ${code}. Il expire dans 7 min.\nAppelez le ${other}`,
  (code, other) => `${other}\nAcme: tu clave es ${code}. Vence en 10 min.`,
  (code, other) => `Code: ${code}, ${other}`,
  (code, other) => `${other}\r\n\r\n${code}\r\n\r\n${other}`,
];

test("a code is found however it is written, alone and in a message", () => {
  for (const code of CODES) {
    assert.equal(codeIn(code), "677001", JSON.stringify(code));
    if (code.includes("\n")) continue;
    for (const message of MESSAGES) assert.equal(codeIn(message(code, "nobody")), "677001", message(code, "nobody"));
  }
});

test("a number that is no code is none, and takes the code's place nowhere in a message", () => {
  for (const other of OTHERS) {
    for (const [before, after] of [["", ""], ["Call ", ""], ["On ", ", or later"], ["See (", ")."], ["", "\n"]]) {
      const none = `${before}${other}${after}`;
      assert.equal(codeIn(none), undefined, JSON.stringify(none));
    }
    for (const message of MESSAGES) assert.equal(codeIn(message("677001", other)), "677001", message("677001", other));
    for (const message of MESSAGES) assert.equal(codeIn(message("none", other)), undefined, message("none", other));
  }
});

test("a text that is longer than any message is not looked at, and nobody waits for it", () => {
  assert.equal(codeIn(`${"code ".padEnd(30)}123456 x `.repeat(5000)), undefined);
  assert.equal(codeIn(`Your code is 677001.${" ".repeat(3900)}`), "677001");
});

test("the line for a phone to fill in says which code it is", () => {
  const line = "\n\n@app.example.com #677001";
  for (const before of ["Your code is 677001.", "Ref 123456, or call 741741", "The code is 123456", "Acme"]) assert.equal(codeIn(before + line), "677001", before);
  assert.equal(codeIn("@app.example.com #677001 @frame.example.com"), "677001");
  assert.equal(codeIn("@app.example.com #6770011"), undefined);
  assert.equal(codeIn(`Your code is 123456${line}\n@app.example.com #123456`), undefined);
});

test("of several that could be the code it is the one that is called so, or none", () => {
  for (const [pasted, code] of [
    ["Your code is 677001. Text STOP to 741 741.", "677001"],
    ["Order 741741. Code: 677 001", "677001"],
    ["677001 est votre code. Commande 741741", "677001"],
    ["Votre code est 677001. Commande 741741", "677001"],
    ["677001 is your Acme code. Order 741741", "677001"],
    ["677001 es tu clave. Pedido 741741", "677001"],
    ["677001 es su código. Pedido 741741", "677001"],
    ["Pedido 741741. Tu clave es 677001.", "677001"],
    ["Código: 677001 (10 min)\n741741", "677001"],
    ["Codigo: 677001\n741741", "677001"],
    ["Passcode 677001, order 741741", "677001"],
    ['Code: "677001", order 741741', "677001"],
    ["Your code is “677001”. Order 741741", "677001"],
    ["Code : « 677001 ». Commande 741741", "677001"],
    ["Code: *677001*, order 741741", "677001"],
    ['"677001" is your code. Order 741741', "677001"],
    ["“677001” is your code. Order 741741", "677001"],
    ["*677001* is your code. Order 741741", "677001"],
    ["« 677001» est votre code. Commande 741741", "677001"],
    ["677001 677001", undefined],
    ["677001\n677-001", "677001"],
    ["677001\n741741", undefined],
    ["Your code for order 741741: 677001", undefined],
    ["Your code is 741741.\nYour code is 677001.", undefined],
    ["Do not share this code. 741741\n677001", undefined],
    ["Encode 741741\n677001", undefined],
    ["", undefined],
    ["Your code is on its way.", undefined],
  ]) {
    assert.equal(codeIn(pasted), code, pasted);
  }
});
