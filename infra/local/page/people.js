// The people to log in as, with their claims in the login token.

/** The workspaces, by id. */
export const workspaces = { acme: "Acme", globex: "Globex" };

/** The people. `sso` names the workspaces that their company's single sign-on vouches for. */
export const people = [
  { sub: "ada", name: "Ada", phone: "+1 415 555 0123", workspaces: ["acme"], owned: ["acme"] },
  { sub: "bob", name: "Bob", phone: "+1 212 555 0147", workspaces: ["acme"], owned: [] },
  { sub: "cleo", name: "Cleo", phone: "+1 604 555 0188", workspaces: ["acme"], owned: [], sso: ["acme"] },
  { sub: "dan", name: "Dan", phone: "+1 416 555 0165", workspaces: ["acme", "globex"], owned: ["globex"] },
];

const ATOM = "[\\w!#$%&'*+/=?^`{|}~-]+";
const LABEL = "[a-z\\d]([a-z\\d-]{0,61}[a-z\\d])?";
const ADDRESS = new RegExp(`^(?=[^@]{1,64}@)(?=.{3,254}$)${ATOM}(\\.${ATOM})*@${LABEL}(\\.${LABEL})+$`, "i");
/** Whether the service sends mail to this address. It drops mail to unusual addresses without an error. */
export const isAddress = (text) => ADDRESS.test(text);

/** The address for a name. If the name is an address, it is that one. */
const addressOf = (name) => (isAddress(name) ? name : `${(name.match(/[\w+-]+/g) ?? ["someone"]).join(".")}@example.com`);

/** Another person, with the name and the claims that the user has entered. */
export function someone(sub, { owner, sso }) {
  const all = Object.keys(workspaces);
  return { sub, name: sub, email: addressOf(sub), phone: "+1 415 555 0199", workspaces: all, owned: owner ? all : [], sso: sso ? all : undefined };
}
