// Records what must never happen during a visit: requests and navigations to unknown addresses in any window, attempts
// to store something, and messages on the console. Also records what a screen reader would read out.

import assert from "node:assert/strict";

/** Every address that the page may request, below the stack's own. */
const ASKED = [
  /^$/,
  /^page\/[a-z/]+\.(js|css|svg)$/,
  /^v1\/(logins|factors|recovery\/(codes|emails|verify))$/,
  /^v1\/factors\/[0-9A-HJKMNP-TV-Z]{26}(\/(activate|texts|verify))?$/,
  /^v1\/workspaces\/(acme|globex)\/(policy|members(\?(state=(mfa|none|sso))?(&?cursor=[\w%-]+)?)?)$/,
  /^\.well-known\/jwks\.json$/,
  /^dev\/calls\?request=[\w=-]+$/,
  /^dev\/(tokens|outbox|clock|\.well-known\/openid-configuration)$/,
];
/** Secret values by their names in JSON. None may occur in an address. */
const SECRET = ["code", "secret", "recovery_codes", "token", "assertion", "phone", "email", "to"];
/** A random id, which may contain the digits of a code: of a factor, a request, or a file to be saved. */
const DRAWN = /(?<=^v1\/factors\/)[0-9A-HJKMNP-TV-Z]{26}|(?<=^dev\/calls\?request=)[\w-]{22}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A signed token: its header and claims are both JSON in base64. A random id has no dot. */
const TOKEN = /eyJ[\w-]+\.eyJ/;
/** The code in a text and in an email, by the field that contains it. */
const WRITTEN = { body: /#(\d{6})$/, text: /^([0-9a-z]{4}-[0-9a-z]{4})$/m };

export class Witness {
  constructor(page, url) {
    Object.assign(this, { page, url, wrong: [], asked: [], sent: [], gone: [], kept: [], heard: [], replies: [], secrets: new Set(), broken: [] });
    const context = page.context();
    context.on("weberror", (error) => this.wrong.push(String(error.error())));
    context.on("console", (message) => this.read(message));
    context.on("page", (other) => this.wrong.push(`another window: ${other.url()}`));
    context.on("request", (request) => {
      this.asked.push(request.url());
      this.sent.push(`${request.method()} ${request.url()}`);
      this.collect(request.postData());
    });
    context.on("response", (response) => this.replies.push(response.text().then((text) => this.collect(text), () => {})));
    page.on("framenavigated", (frame) => this.gone.push(frame.url()));
  }

  /** Makes the page itself report what only it knows, from its first line on and after a reload. */
  async listen() {
    await this.page.exposeFunction("keeps", (what) => this.kept.push(what));
    await this.page.exposeFunction("speaks", (text) => this.heard.push(text));
    await this.page.addInitScript(tellOn);
  }

  /**
   * The console may say that the API refused a request, because the browser logs that itself. It may also name what a
   * test broke.
   */
  read(message) {
    const { url } = message.location();
    const refused = /^Failed to load resource: the server responded with a status of 4\d\d /.test(message.text()) && url.startsWith(`${this.url}v1/`);
    const meant = this.broken.some((path) => new URL(url).pathname.endsWith(path)) || (this.broken.length > 0 && message.text().startsWith("the panels could not be loaded"));
    if (["error", "warning"].includes(message.type()) && !refused && !meant) this.wrong.push(`${message.text()} (${url})`);
  }

  /** Collects the secrets in a request or a reply. */
  collect(text) {
    const look = (name, value) => {
      if (SECRET.includes(name)) for (const one of [value].flat()) this.secrets.add(String(one));
      const [, code] = (typeof value === "string" && WRITTEN[name]?.exec(value)) || [];
      if (code) this.secrets.add(code);
      return value;
    };
    try {
      JSON.parse(text ?? "null", look);
    } catch {
      // The text is not JSON.
    }
  }

  /** Checks at the end of a visit what must hold of each. */
  async testify() {
    const { page, url } = this;
    await Promise.all(this.replies);
    assert.deepEqual(this.wrong, [], "nothing goes wrong on the way");
    const saved = (address) => address.startsWith(`blob:${url}`);
    const known = (address) => address.startsWith(url) && ASKED.some((route) => route.test(address.slice(url.length)));
    assert.deepEqual(this.asked.filter((address) => !known(address) && !saved(address)), [], "nothing is asked for but what is known");
    assert.deepEqual(this.gone.filter((address) => address !== url), [], "the address never changes");
    const bare = (text) => decodeURIComponent(text).toLowerCase().replaceAll(/[^a-z0-9]/g, "");
    const secrets = [...this.secrets].map(bare).filter((secret) => secret.length >= 6);
    const leaked = [...this.asked, ...this.gone].filter((address) => {
      const said = bare(address.slice(address.indexOf(url) + url.length).replace(DRAWN, ""));
      return TOKEN.test(address) || secrets.some((secret) => said.includes(secret));
    });
    assert.deepEqual(leaked, [], "no address has a secret in it");
    assert.deepEqual(this.kept, [], "nothing is ever put where it would be kept");
    const { cookies, origins } = await page.context().storageState({ indexedDB: true });
    const state = await page.evaluate(async () => [history.state, sessionStorage.length, (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]);
    assert.deepEqual([cookies, origins, state], [[], [], [null, 0, 0, 0]], "nothing is kept");
  }
}

/** Runs in the page. Reports whatever stores something, and what appears in a live region. */
function tellOn() {
  const keeping = [
    [History.prototype, ["pushState", "replaceState"]],
    [CookieStore.prototype, ["set"]],
    [IDBFactory.prototype, ["open"]],
    [CacheStorage.prototype, ["open"]],
  ];
  for (const [owner, names] of keeping) {
    for (const name of names) {
      const real = owner[name];
      owner[name] = function kept(...what) {
        globalThis.keeps(`${name}: ${what.map(String)}`);
        return real.apply(this, what);
      };
    }
  }
  // Reports every access to storage and cookies, because `localStorage.token = …` calls no function.
  const reaching = [[globalThis, "localStorage", "get"], [globalThis, "sessionStorage", "get"], [Document.prototype, "cookie", "set"]];
  for (const [owner, name, way] of reaching) {
    const real = Object.getOwnPropertyDescriptor(owner, name);
    const reached = function reached(...what) {
      globalThis.keeps(name);
      return real[way].apply(this, what);
    };
    Object.defineProperty(owner, name, { ...real, [way]: reached });
  }
  const spoken = (records) => {
    for (const { target, addedNodes } of records) {
      const text = [...addedNodes].map((node) => node.textContent).join(" ").trim();
      // A screen reader does not read a region that appears together with its text.
      if (text && target.closest?.("[role=alert], [role=status], [role=log]")) globalThis.speaks(text);
    }
  };
  new MutationObserver(spoken).observe(document, { childList: true, subtree: true });
}
