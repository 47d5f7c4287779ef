"""Asks the README's checks of an assertion, in each language, about real assertions and about bad ones.

The good ones are the local stack's, of real logins, for login tokens that the README's own lines mint. A bad one differs from
a good one in one thing; what the stack would never sign is signed with its key here. The good one comes last: nothing but
that one thing was refused.
"""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

API, ROOT, WORK = "http://127.0.0.1:18085", pathlib.Path.cwd(), pathlib.Path(sys.argv[1]).resolve()
LOCAL, DATA = str(ROOT / "target/debug/local"), str(WORK / "data")
CHECKS = {
    "Node": ["node", "ask.mjs"],
    "Python": [sys.executable, "ask.py"],
    "Rust": [str(ROOT / "target/debug/guide")],
}


def public(key, kid, algorithm):
    """A key as a JWK."""
    jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"} | {"kid": kid, "alg": algorithm}


def ask(method, path, body=None, token=None, assertion=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"MFA-Assertion": assertion} if assertion else {}
    headers |= {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(API + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def read(assertion):
    return jwt.decode(assertion, options={"verify_signature": False})


class User:
    """Someone with a login token, as the README mints it."""

    def __init__(self, name, *workspaces, owns=()):
        self.name, self.workspaces, self.owns = name, list(workspaces), owns
        self.again()

    def again(self):
        """Another login. Tokens of the same second would be the same."""
        time.sleep(1.01 if hasattr(self, "token") else 0)
        self.token = mint.login_token(self.name, f"{self.name}@acme.com", True, self.workspaces, self.owns)

    def ask(self, method, path, body=None, assertion=None):
        return ask(method, path, body, self.token, assertion)

    def enrol(self):
        begun = self.ask("POST", "/v1/factors", {"kind": "totp"})
        self.factor, self.secret = begun["id"], begun["totp"]["secret"]
        return self.ask("POST", f"/v1/factors/{self.factor}/activate", {"code": self.code()})

    def code(self, *options):
        line = [LOCAL, "code", self.secret, "--data", DATA, *options]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()

    def verify(self):
        """A code of the app, of the half minute that comes: the one before may be spent."""
        ask("POST", "/dev/clock", {"advance_seconds": 30})
        return self.ask("POST", f"/v1/factors/{self.factor}/verify", {"code": self.code()})["assertion"]

    def text(self):
        self.ask("POST", f"/v1/factors/{self.factor}/texts")
        return {"code": re.search(r"#(\d{6})$", ask("GET", "/dev/outbox")["texts"][-1]["body"])[1]}

    def login(self, assertion, **other):
        """What a backend knows when the assertion comes."""
        workspace = (self.workspaces or [""])[0]
        return {"assertion": assertion, "token": self.token, "user": self.name, "workspace": workspace, "newest_epoch": 0} | other


class Checks:
    """The three, each a process that is asked a line and answers one."""

    def __init__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": WORK}
        self.running = {name: subprocess.Popen(line, **pipes) for name, line in CHECKS.items()}
        self.later, self.counts = 0, {"taken": 0, "refused": 0}

    def say(self, login, only=None):
        for name, process in self.running.items():
            if only in (None, name):
                process.stdin.write(json.dumps(login | {"later": self.later}) + "\n")
                process.stdin.flush()
                yield name, json.loads(process.stdout.readline())

    def take(self, what, login, only=None):
        for name, answer in self.say(login, only):
            assert "refused" not in answer, f"{name} refuses {what}: {answer}"
            assert answer["mfa_epoch"] == read(login["assertion"])["mfa_epoch"], f"{name}: {answer}"
            self.counts["taken"] += 1

    def refuse(self, what, why, login, only=None):
        for name, answer in self.say(login, only):
            assert re.search(why, answer.get("refused", "taken"), re.I), f"{name}, {what}: {answer} is not {why!r}"
            self.counts["refused"] += 1


def serve(keys):
    """The service's keys as they were: the checks fetch them, and must fetch them anew when there is another."""
    class Keys(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(keys).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 18085), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def start():
    out = open(WORK / "out", "w")
    stack = subprocess.Popen([LOCAL, "--port", "18085", "--aws-port", "14585", "--data", DATA], stdout=out, stderr=out)
    for _ in range(500):
        try:
            ask("GET", "/.well-known/jwks.json")
            return stack
        except OSError:
            assert stack.poll() is None, (WORK / "out").read_text()
            time.sleep(0.02)
    raise TimeoutError("the stack does not start")


def own_keys():
    """The private keys of the stack, by alias; that of its identity provider becomes the README's."""
    kept = json.loads((WORK / "data/keys.json").read_text())
    keys = {name: serialization.load_der_private_key(base64.b64decode(kept[name]), None)
            for name in ("alias/mfa-signing", "alias/mfa-signing-next", "identity")}
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (WORK / "login.pem").write_bytes(keys["identity"].private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return keys["alias/mfa-signing"], keys["alias/mfa-signing-next"]


def forge(claims, key, kid="local", typ="mfa+jwt", algorithm="ES256", **other):
    claims = {name: value for name, value in (claims | other).items() if value is not None}
    return jwt.encode(claims, key, algorithm, {"kid": kid, "typ": typ})


def identity_providers():
    """What the trigger for Cognito and the Action for Auth0 add is read by the functions."""
    reply = subprocess.run(["node", "identity.mjs"], cwd=WORK, check=True, capture_output=True, text=True).stdout
    readme, says = (ROOT / "README.md").read_text(), json.loads(reply)
    # The Action's names are those that the deployment is told.
    told = dict(re.findall(r'^ +(\w+) += "(https://acme\.com/\w+)"$', readme, re.M))
    assert set(says["auth0"]) == set(told.values()), says
    auth0 = {name: says["auth0"][long] for name, long in told.items()}
    for added in (says["cognito"], auth0):
        now = int(time.time())
        claims = {"iss": mint.ISSUER, "aud": mint.AUDIENCE, "iat": now, "exp": now + 600, "sub": "cleo"} | added
        token = jwt.encode(claims, mint.key, "RS256", {"kid": mint.KID})
        assertion = ask("POST", "/v1/logins", token=token)["assertion"]
        assert read(assertion)["workspaces"] == ["acme", "globex"], read(assertion)


def drive(checks, old):
    signing, following = own_keys()
    os.chdir(WORK)
    global mint
    import mint

    # What the README's lines publish is what the stack's identity provider does.
    for path, document in mint.documents().items():
        there = ask("GET", "/dev" + path)
        assert json.loads(document).items() <= there.items(), f"{path}: {document} is not {there}"
    identity_providers()

    ada, bob = User("ada", "acme", "globex"), User("bob", "acme")
    eve, owner = User("eve", "strict"), User("own", "strict", owns=["strict"])
    # Bob has no factor, and no workspace of his asks for one.
    nothing = bob.ask("POST", "/v1/logins")
    assert nothing["decision"] == "allow"
    checks.later = 60
    checks.take("who needs none, by a key that is new", bob.login(nothing["assertion"]))
    checks.refuse("a second time", "^spent$", bob.login(nothing["assertion"]))
    checks.refuse("a key that is published no more", "key", bob.login(forge(read(nothing["assertion"]), old, kid="old", jti="x")))

    # Eve has a phone; then her workspace forbids phones, and it proves no more than who she is.
    begun = eve.ask("POST", "/v1/factors", {"kind": "sms", "phone": "+14155550123"})
    eve.factor = begun["id"]
    eve.ask("POST", f"/v1/factors/{eve.factor}/activate", eve.text())
    policy = {"required": True, "grace_days": 0, "allowed_factors": ["totp"]}
    owner.ask("PUT", "/v1/workspaces/strict/policy", policy, owner.enrol()["assertion"])
    assert eve.ask("POST", "/v1/logins")["decision"] == "enroll"
    enroll = eve.ask("POST", f"/v1/factors/{eve.factor}/verify", eve.text())["assertion"]
    assert read(enroll)["mfa"] == "enroll_only"
    checks.refuse("an assertion for enrolling", "aud", eve.login(enroll))

    # Ada has an app, and is challenged.
    codes = ada.enrol()["recovery_codes"]
    another = ada.token
    ada.again()
    assert ada.ask("POST", "/v1/logins")["decision"] == "challenge"
    good = ada.verify()
    claims = read(good)
    assert (claims["mfa"], claims["amr"]) == ("passed", ["otp", "mfa"])
    bad(checks, ada, good, claims, signing, another)

    # What is right in all, in other ways.
    checks.take("a workspace that is not the first", ada.login(forge(claims, signing, jti="1"), workspace="globex"))
    checks.take("a clock that is behind", ada.login(forge(claims, signing, jti="2", iat=int(time.time()) + 20)))
    checks.take("the key that signs next", ada.login(forge(claims, following, kid="next", jti="3")))
    step_up(checks, ada, bob, codes, claims, signing)
    checks.take("the good one", ada.login(good, newest_epoch=claims["mfa_epoch"]))
    checks.refuse("the good one a second time", "^spent$", ada.login(good))

    # A factor goes, and with it what it proved.
    before, after = ada.verify(), ada.verify()
    after = ada.ask("DELETE", f"/v1/factors/{ada.factor}", assertion=after)["assertion"]
    epoch = read(after)["mfa_epoch"]
    checks.take("what removing answers", ada.login(after, newest_epoch=claims["mfa_epoch"]))
    checks.refuse("what was proven by a factor that is gone", "^from before", ada.login(before, newest_epoch=epoch))


def bad(checks, ada, good, claims, signing, another):
    """One thing is wrong with each."""
    def forged(what, why, **other):
        checks.refuse(what, why, ada.login(forge(claims, signing, **other)))

    checks.refuse("another login's", "^of another login$", ada.login(good, token=another))
    checks.refuse("another user's", "^of another user$", ada.login(good, user="bob"))
    checks.refuse("a workspace that is not listed", "^not for this workspace$", ada.login(good, workspace="initech"))
    checks.refuse("a part of a workspace's name", "^not for this workspace$", ada.login(good, workspace="acm"))
    checks.refuse("an older epoch", "^from before", ada.login(good, newest_epoch=claims["mfa_epoch"] + 1))
    forged("one that has expired", "exp", exp=int(time.time()) - 2)
    forged("one without an end", "exp", exp=None)
    forged("another audience", "aud", aud="another-app")
    forged("no audience", "aud", aud=None)
    forged("another issuer", "iss", iss="http://127.0.0.1:18086")
    forged("no issuer", "iss", iss=None)
    forged("one for enrolling, to this audience", "^MFA is not settled$", mfa="enroll_only")
    forged("an ordinary JWT of the same key", "typ|^no assertion$", typ="JWT")
    stranger = ec.generate_private_key(ec.SECP256R1())
    checks.refuse("a stranger's key under our name", "signature", ada.login(forge(claims, stranger)))
    checks.refuse("a stranger's key under a name of its own", "key", ada.login(forge(claims, stranger, kid="stranger")))
    head, body, signature = good.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    checks.refuse("another signature", "signature", ada.login(f"{head}.{body}.{flipped}"))
    more = base64.urlsafe_b64encode(json.dumps(claims | {"workspaces": ["acme", "initech"]}).encode()).decode().rstrip("=")
    checks.refuse("other claims under the same signature", "signature", ada.login(f"{head}.{more}.{signature}", workspace="initech"))
    checks.refuse("the login token in its place", "alg|key", ada.login(ada.token))
    checks.refuse("no signature at all", "alg|none", ada.login(forge(claims, None, algorithm="none")))
    x, y = (base64.urlsafe_b64decode(ask("GET", "/.well-known/jwks.json")["keys"][0][name] + "=") for name in "xy")
    shared = forge(claims, b"\4" + x + y, algorithm="HS256")
    checks.refuse("the public key as a shared secret", "alg", ada.login(shared))
    checks.refuse("nothing", "JWS|segments|InvalidToken", ada.login(""))


def step_up(checks, ada, bob, codes, claims, signing):
    """Settled is not enough: by a factor it must be."""
    checks.take("a step-up by a code", ada.login(forge(claims, signing, jti="4"), step_up=True), "Node")
    bob.again()
    nothing = bob.ask("POST", "/v1/logins")["assertion"]
    checks.refuse("a step-up by nothing", "^by no factor$", bob.login(nothing, step_up=True), "Node")
    unsettled = forge(claims, signing, jti="5", mfa="not_required")
    checks.refuse("a step-up by another word", "^by no factor$", ada.login(unsettled, step_up=True), "Node")
    paper = ada.ask("POST", "/v1/recovery/verify", {"code": codes[0]})["assertion"]
    checks.refuse("a step-up by a code from paper", "^by no factor$", ada.login(paper, step_up=True), "Node")
    paper = ada.ask("POST", "/v1/recovery/verify", {"code": codes[1]})["assertion"]
    checks.take("a login by a code from paper", ada.login(paper))


def main():
    checks, old = Checks(), ec.generate_private_key(ec.SECP256R1())
    other = rsa.generate_private_key(65537, 2048)
    server = serve({"keys": [public(old, "old", "ES256"), public(other, "rsa", "RS256")]})
    now = int(time.time())
    first = {"iss": API, "aud": "app", "sub": "zoe", "iat": now, "exp": now + 300, "jti": "zoe", "mfa": "passed",
             "amr": ["otp", "mfa"], "workspaces": [""], "mfa_epoch": 1,
             "ath": base64.urlsafe_b64encode(hashlib.sha256(b"token").digest()).decode().rstrip("=")}
    login = {"token": "token", "user": "zoe", "workspace": "", "newest_epoch": 0}
    checks.take("an assertion by the key of before", login | {"assertion": forge(first, old, kid="old")})
    another = forge(first, other, kid="rsa", algorithm="RS256")
    checks.refuse("another algorithm, by a key that is published", "alg", login | {"assertion": another})
    server.shutdown()
    server.server_close()
    stack = start()
    try:
        drive(checks, old)
    finally:
        stack.terminate()
        for process in checks.running.values():
            process.kill()
    print(f"the guide's checks, {', '.join(CHECKS)}: {checks.counts['taken']} taken, {checks.counts['refused']} refused")


main()
