"""Gives real and bad assertions to the guide's checks in each language.

The good assertions come from real logins at the local stack. A bad one differs from a good one in one thing. If the
stack would never sign it, this script signs it with the stack's key. The good one comes last, to show that the check
refused only that one thing.
"""

import base64
import json
import re
import subprocess
import sys
import time
import types

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from outages import outages, zoe
from stack import ROOT, WORK, Keys, User, ask, forge, own_keys, public, read, refused, start

CHECKS = {
    "Node": ["node", "ask.mjs"],
    "Python": [sys.executable, "ask.py"],
    "Rust": [str(ROOT / "target/debug/guide")],
}


# The local stack's names of claims that have no name by default.
HERE = {"password_reset": "password_reset_at"}


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Checks:
    """The three checks, each a process that reads a line and writes an answer."""

    counts = {"taken": 0, "refused": 0}

    def __init__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.running = {name: subprocess.Popen(line, **pipes) for name, line in CHECKS.items()}
        self.later = 0

    def end(self):
        for process in self.running.values():
            process.kill()

    def say(self, login, only=None):
        asked = {name: process for name, process in self.running.items() if only in (None, name)}
        for process in asked.values():
            process.stdin.write(json.dumps(login | {"later": self.later}) + "\n")
            process.stdin.flush()
        return [(name, json.loads(process.stdout.readline())) for name, process in asked.items()]

    def take(self, what, login, only=None):
        for name, answer in self.say(login, only):
            assert "refused" not in answer, f"{name} refuses {what}: {answer}"
            assert answer["mfa_epoch"] == read(login["assertion"])["mfa_epoch"], f"{name}: {answer}"
            self.counts["taken"] += 1

    def refuse(self, what, why, login, only=None):
        for name, answer in self.say(login, only):
            assert re.search(why, answer.get("refused", "taken"), re.I), f"{name}, {what}: {answer} is not {why!r}"
            self.counts["refused"] += 1


def told(snippet):
    """The claims' names that a recipe sets: the deployment's name of each, and the token's."""
    lines = (WORK / snippet).read_text()
    return dict(re.findall(r'(\w+) += "(\S+)"', re.search(r"^claims += {(.+?)}", lines, re.M | re.S)[1]))


def identity_providers(mint):
    """The stack accepts what the guide's code mints and publishes, and the claims of its triggers and its Action."""
    for path, document in mint.documents().items():
        there = ask("GET", "/dev" + path)
        assert json.loads(document).items() <= there.items(), f"{path}: {document} is not {there}"
    # The next key is published beside the current one.
    following = rsa.generate_private_key(65537, 2048)
    (WORK / "next.pem").write_bytes(following.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    exec((WORK / "mint.py").read_text().replace('"login.pem"', '"login.pem", "next": "next.pem"'), both := {})
    published = {key["kid"]: key["n"] for key in json.loads(both["documents"]()["/jwks.json"])["keys"]}
    assert list(published) == ["dev", "next"] and published["next"] == public(following, "next", "RS256")["n"], published
    assert ask("POST", "/v1/logins", token=both["login_token"]("uma", "uma@acme.com", True, 0, [], auth_time=int(time.time()), sso=None))["decision"] == "allow"
    own = [mint.login_token("cleo", "cleo@acme.com", True, reset, ["acme", "globex"], auth_time=int(time.time()), sso=None) for reset in (0, 0, int(time.time()))]
    assert own[0] != own[1], "two logins of one second have one token"
    nobody = {"user": "nobody", "reason": "a call"}
    assert refused("POST", "/v1/operator/unlock", nobody, mint.operator_token("op")) == "user-not-found"
    fast(mint)
    by_sso(mint)
    assert told("own.tfvars") == told("cognito.tfvars") == {"password_reset": HERE["password_reset"]}

    says = json.loads(subprocess.run(["node", "identity.mjs"], check=True, capture_output=True, text=True).stdout)
    names = told("auth0.tfvars")
    # The Action adds the names that the deployment is told.
    assert all(set(added) == set(names.values()) for added in says["auth0"]), says
    auth0 = [{HERE.get(name, name): added[long] for name, long in names.items()} for added in says["auth0"]]
    cognito = [added | {"email": "cleo@acme.com", "email_verified": True} for added in says["cognito"]]
    bare = {name: read(own[0])[name] for name in ("iss", "aud", "iat", "exp", "sub")}
    token = lambda added: mint.jwt.encode(bare | added, mint.key, "RS256", {"kid": mint.KID})
    for never, lately in (own[1:], map(token, auth0), map(token, cognito)):
        assertion = ask("POST", "/v1/logins", token=never)["assertion"]
        assert read(assertion)["workspaces"] == ["acme", "globex"], read(assertion)
        # No code is emailed after a recent password reset. Without one, a code is emailed.
        ask("POST", "/v1/recovery/emails", token=never)
        assert refused("POST", "/v1/recovery/emails", token=lately) == "email-recovery-held", read(lately)


def fast(mint):
    """A token of a backend with a fast clock is accepted at once, after a reset too. It expires after ten minutes."""
    for ahead in (0, 25):
        mint.time = types.SimpleNamespace(time=lambda: time.time() + ahead)
        login = lambda: mint.login_token("fay", "fay@acme.com", True, 0, [], auth_time=int(mint.time.time()), sso=None)
        assert ask("POST", "/v1/logins", token=login())["decision"] == "allow"
        assert 570 < read(login())["exp"] - mint.time.time() <= 600, read(login())
        fay = User("fay", "acme")
        fay.enroll()
        ask("POST", "/v1/operator/reset", {"user": "fay", "reason": "a lost phone"}, mint.operator_token("op"))
        ask("POST", "/v1/factors", {"kind": "totp"}, login())
    mint.time = time


def by_sso(mint):
    """A token that the guide's code mints for a session tells how and when the session was opened."""
    def minted(auth_time=int(time.time()), sso=None):
        return mint.login_token("sam", "sam@acme.com", True, 0, ["acme", "globex"], auth_time=auth_time, sso=sso)

    login = ask("POST", "/v1/logins", token=minted(sso=["acme"]))
    assert (login["reason"], read(login["assertion"])["workspaces"]) == ("sso", ["acme"]), login
    assert refused("GET", "/v1/factors", token=minted(sso=["acme"])) == "sso-user"
    assert refused("POST", "/v1/logins", token=minted(sso=["initech"])) == "sso-user"
    # A company that vouches for no workspace any more must not give a login by password.
    try: minted(sso=[])
    except ValueError: pass
    else: raise AssertionError("an empty list was minted")
    # A session from before a reset can't begin a factor, even with a new token.
    sam, before = User("sam", "acme"), int(time.time()) - 3600
    sam.enroll()
    ask("POST", "/v1/operator/reset", {"user": "sam", "reason": "a lost phone"}, mint.operator_token("op"))
    assert refused("POST", "/v1/factors", {"kind": "totp"}, minted(auth_time=before)) == "login-too-old"
    ask("POST", "/v1/factors", {"kind": "totp"}, minted())


def drive(checks, old):
    signing, following = own_keys()
    import mint  # which reads the key that is now there
    identity_providers(mint)

    ada, bob = User("ada", "acme", "globex"), User("bob", "acme")
    eve, owner = User("eve", "strict"), User("own", "strict", owns=["strict"])
    # Bob has no factor, and none of his workspaces requires one.
    nothing = bob.ask("POST", "/v1/logins")
    assert nothing["decision"] == "allow"
    checks.later += 60
    checks.take("who needs none, by a key that is new", bob.login(nothing["assertion"]))
    checks.refuse("a second time", "^spent$", bob.login(nothing["assertion"]))
    checks.refuse("a key that is published no more", "key", bob.login(forge(read(nothing["assertion"]), old, kid="old", jti="x")))

    # Eve has a phone. Then her workspace forbids phones, so her code gives only an assertion for enrolling.
    begun = eve.ask("POST", "/v1/factors", {"kind": "sms", "phone": "+14155550123"})
    eve.factor = begun["id"]
    eve.ask("POST", f"/v1/factors/{eve.factor}/activate", eve.text())
    policy = {"required": True, "grace_days": 0, "allowed_factors": ["totp"]}
    owner.ask("PUT", "/v1/workspaces/strict/policy", policy, owner.enroll()["assertion"])
    assert eve.ask("POST", "/v1/logins")["decision"] == "enroll"
    enroll = eve.ask("POST", f"/v1/factors/{eve.factor}/verify", eve.text())["assertion"]
    assert read(enroll)["mfa"] == "enroll_only"
    checks.refuse("an assertion for enrolling", "aud", eve.login(enroll))
    # A user who must enroll has no factor. So the page of their open session gets no token for a step-up.
    dan = User("dan", "strict")
    assert dan.ask("POST", "/v1/logins")["decision"] == "enroll"
    checks.refuse("a step-up by a user who must enroll first", "^no factor$", dan.login("", step_up=True), "Node")

    # Ada has an app, so her login is challenged.
    codes = ada.enroll()["recovery_codes"]
    another = ada.token
    ada.again()
    assert ada.ask("POST", "/v1/logins")["decision"] == "challenge"
    good = ada.verify()
    claims = read(good)
    assert (claims["mfa"], claims["amr"]) == ("passed", ["otp", "mfa"])
    bad(checks, ada, good, claims, signing, another)

    # Good assertions of other kinds.
    checks.take("a workspace that is not the first", ada.login(forge(claims, signing, jti="1"), workspace="globex"))
    checks.take("a clock that is behind", ada.login(forge(claims, signing, jti="2", iat=int(time.time()) + 20)))
    checks.take("the key that signs next", ada.login(forge(claims, following, kid="next", jti="3")))
    step_up(checks, ada, bob, codes, claims, signing)
    checks.refuse("a database's reply for an answer", "^spent$", ada.login(good, careless=True), "Node")
    checks.refuse("a coroutine for an answer", "^spent$", ada.login(good, careless=True), "Python")
    checks.take("the good one", ada.login(good, newest_epoch=claims["mfa_epoch"]))
    checks.refuse("the good one a second time", "^spent$", ada.login(good))

    # After a factor is removed, its old assertions are invalid.
    before, after = ada.verify(), ada.verify()
    after = ada.ask("DELETE", f"/v1/factors/{ada.factor}", assertion=after)["assertion"]
    epoch = read(after)["mfa_epoch"]
    checks.take("what removing answers", ada.login(after, newest_epoch=claims["mfa_epoch"]))
    checks.refuse("what was proven by a factor that is gone", "^from before", ada.login(before, newest_epoch=epoch))

    # After Ada is erased, she starts over. Her backend must forget the newest epoch first.
    operator = mint.operator_token("op")
    assert ask("POST", "/v1/operator/erase", {"user": "ada", "reason": "she asked"}, operator) == {"mfa_epoch": 0}
    ada.again()
    fresh = ada.ask("POST", "/v1/logins")["assertion"]
    checks.refuse("a user who is erased and not forgotten", "^from before", ada.login(fresh, newest_epoch=epoch))
    checks.take("a user who is erased and forgotten", ada.login(fresh))


def bad(checks, ada, good, claims, signing, another):
    """Assertions with one thing wrong in each."""
    def forged(what, why, **other):
        checks.refuse(what, why, ada.login(forge(claims, signing, **other)))

    checks.refuse("another login's", "^of another login$", ada.login(good, token=another))
    checks.refuse("another user's", "^of another user$", ada.login(good, user="bob"))
    checks.refuse("a workspace that is not listed", "^not for this workspace$", ada.login(good, workspace="initech"))
    checks.refuse("a part of a workspace's name", "^not for this workspace$", ada.login(good, workspace="acm"))
    checks.refuse("an older epoch", "^from before", ada.login(good, newest_epoch=claims["mfa_epoch"] + 1))
    forged("one that has expired", "exp", exp=int(time.time()) - 2)
    for claim in ("exp", "iss", "aud", "sub", "ath", "jti", "mfa", "workspaces", "mfa_epoch"):
        forged(f"one without {claim}", rf"missing.*\b{claim}\b", **{claim: None})
    forged("another audience", "aud", aud="another-app")
    forged("another issuer", "iss", iss="http://127.0.0.1:18086")
    forged("one for enrolling, to this audience", "^MFA is not settled$", mfa="enroll_only")
    forged("an ordinary JWT of the same key", "typ|^no assertion$", typ="JWT")
    forged("one of no type", "typ|^no assertion$", typ=None)
    stranger = ec.generate_private_key(ec.SECP256R1())
    checks.refuse("a stranger's key under our name", "signature", ada.login(forge(claims, stranger)))
    checks.refuse("a stranger's key under a name of its own", "key", ada.login(forge(claims, stranger, kid="stranger")))
    head, body, signature = good.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    checks.refuse("another signature", "signature", ada.login(f"{head}.{body}.{flipped}"))
    more = base64url(json.dumps(claims | {"workspaces": ["acme", "initech"]}).encode())
    checks.refuse("other claims under the same signature", "signature", ada.login(f"{head}.{more}.{signature}", workspace="initech"))
    checks.refuse("the login token in its place", "alg|key", ada.login(ada.token))
    checks.refuse("no signature at all", "alg|none", ada.login(forge(claims, None, algorithm="none")))
    x, y = (base64.urlsafe_b64decode(ask("GET", "/.well-known/jwks.json")["keys"][0][name] + "=") for name in "xy")
    shared = forge(claims, b"\4" + x + y, algorithm="HS256")
    checks.refuse("the public key as a shared secret", "alg", ada.login(shared))
    checks.refuse("nothing", "JWS|segments|InvalidToken", ada.login(""))


def step_up(checks, ada, bob, codes, claims, signing):
    """A step-up requires a factor, and not one that was added a moment ago."""
    up = lambda assertion, user=ada, newest=0: user.login(assertion, newest_epoch=newest, step_up=True)
    bob.again()
    nothing = bob.ask("POST", "/v1/logins")["assertion"]
    checks.refuse("a step-up by nothing", "^no factor$", up(nothing, bob), "Node")
    unsettled = forge(claims, signing, jti="5", mfa="not_required")
    checks.refuse("a step-up by another word", "^by no factor$", up(unsettled), "Node")
    first = bob.enroll()
    assert read(first["assertion"])["enrolled_by"] == "first"
    checks.refuse("a step-up by a first factor of this moment", "^too soon", up(first["assertion"], bob), "Node")
    begun(checks, claims, lambda jti, **other: up(forge(claims, signing, jti=jti, **other)))
    paper = ada.ask("POST", "/v1/recovery/verify", {"code": codes[0]})["assertion"]
    checks.refuse("a step-up by a code from paper", "^by no factor$", up(paper), "Node")
    paper = ada.ask("POST", "/v1/recovery/verify", {"code": codes[1]})["assertion"]
    checks.take("a login by a code from paper", ada.login(paper))

    # A thief has Bob's open session and one of his recovery codes. They enroll an app, hand in its assertion, and
    # verify with the app.
    paper = bob.ask("POST", "/v1/recovery/verify", {"code": first["recovery_codes"][0]})["assertion"]
    theirs = bob.enroll(paper)["assertion"]
    assert read(theirs)["enrolled_by"] == "recovery"
    epoch = read(theirs)["mfa_epoch"]
    checks.take("what a thief's app was enrolled with", bob.login(theirs))
    bob.again()
    theirs = bob.verify()
    checks.refuse("a step-up by a thief's app", "^too soon", up(theirs, bob, epoch), "Node")
    checks.later += 23 * 60 * 60
    checks.refuse("the same within a day", "^too soon", up(forge(read(theirs), signing, jti="4"), bob, epoch), "Node")
    checks.later += 2 * 60 * 60
    checks.take("a step-up by an app of yesterday", up(forge(read(theirs), signing, jti="6"), bob, epoch), "Node")


def begun(checks, claims, up):
    """How a factor was begun decides whether it allows a step-up at once, or a day after its activation."""
    # By the clock of the check, which the tests move.
    day, now = 24 * 60 * 60, int(time.time()) + checks.later
    assert (claims["enrolled_by"], abs(claims["factor_since"] - now) < day) == ("first", True), claims
    for by in ("otp", "sms"):
        checks.take(f"a step-up by a new factor of {by}", up(f"at once by {by}", enrolled_by=by, factor_since=now), "Node")
    for by in ("first", "recovery", "email", "import", None, "another"):
        for ago in (0, day - 60):
            fresh = up(f"{ago} s by {by}", enrolled_by=by, factor_since=now - ago)
            checks.refuse(f"a step-up by a factor of {by}, {ago} s old", "^too soon", fresh, "Node")
        old = up(f"old by {by}", enrolled_by=by, factor_since=now - day)
        checks.take(f"a step-up by a factor of {by} of yesterday", old, "Node")
    checks.refuse("a step-up by a factor of no time", "^too soon", up("never", factor_since=None), "Node")
    for method in ("recovery", "email"):
        redeemed = up(f"by {method}", amr=[method], enrolled_by=None, factor_since=None)
        checks.refuse(f"a step-up by a redeemed code: {method}", "^by no factor$", redeemed, "Node")


def kept_keys(checks, old):
    """Before the stack runs: how long a check caches keys, how often it fetches them, and how long it waits."""
    other = rsa.generate_private_key(65537, 2048)
    keys = Keys(public(old, "old", "ES256"), public(other, "rsa", "RS256"))
    made = zoe(old, "old")
    checks.take("an assertion by the key of before", made("before 1"))
    checks.refuse("another algorithm, by a key that is published", "alg", made("before 2", other, "rsa", algorithm="RS256"))
    for kid in ("mine", "mine too"):
        checks.refuse("a key that is made up", "key", made("before 3", kid=kid))
    assert keys.fetched == len(CHECKS), f"the keys were fetched {keys.fetched} times"

    checks.later += 60
    keys.answers.clear()
    began = time.monotonic()
    checks.refuse("a new key, while nobody answers", "key", made("before 3", kid="new"))
    assert 4 < time.monotonic() - began < 8, f"waited for {time.monotonic() - began} s"
    # In Rust, the guide's own code caches the keys. It does not ask a silent server twice either.
    checks.refuse("another new key, while nobody answers", "of no key", made("before 3", kid="newer"), "Rust")
    keys.answers.set()
    assert keys.fetched == 2 * len(CHECKS), f"the keys were fetched {keys.fetched} times"
    checks.take("a key that was kept meanwhile", made("before 4"))

    checks.later += 600
    del keys.keys[0]
    checks.refuse("a key that was taken back ten minutes ago", "key", made("before 6"))
    keys.close()


def main():
    old = ec.generate_private_key(ec.SECP256R1())
    checks = Checks()
    outages(checks, old)
    checks.end()
    # The new processes have no cached keys, and the real clock.
    checks = Checks()
    kept_keys(checks, old)
    stack = start()
    try:
        drive(checks, old)
    finally:
        stack.terminate()
        checks.end()
    print(f"the guide's checks, {', '.join(CHECKS)}: {checks.counts['taken']} taken, {checks.counts['refused']} refused")


main()
