"""The local stack for the guide's checks, its keys, and users whose login tokens the guide's own code mints."""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization

# The root of the repository, and the folder of the snippets, in which everything runs.
ROOT, WORK = pathlib.Path(__file__).resolve().parents[4], pathlib.Path(__file__).resolve().parent
PORT, LOCAL, DATA = 18085, str(ROOT / "target/debug/local"), str(WORK / "data")
API = f"http://127.0.0.1:{PORT}"


def ask(method, path, body=None, token=None, assertion=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"MFA-Assertion": assertion} if assertion else {}
    headers |= {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(API + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def refused(*asked, **by):
    """The code of the problem that a request is refused with."""
    try:
        return f"nothing: {ask(*asked, **by)}"
    except urllib.error.HTTPError as problem:
        return json.load(problem)["type"].rpartition("/")[2]


def start():
    out = open(WORK / "out", "w")
    stack = subprocess.Popen([LOCAL, "--port", str(PORT), "--aws-port", "14585", "--data", DATA], stdout=out, stderr=out)
    for _ in range(500):
        try:
            ask("GET", "/.well-known/jwks.json")
            return stack
        except OSError:
            assert stack.poll() is None, (WORK / "out").read_text()
            time.sleep(0.02)
    raise TimeoutError("the stack does not start")


def own_keys():
    """The stack's signing keys, current and next. Writes its identity provider's key as the guide's `login.pem`."""
    kept = json.loads((WORK / "data/keys.json").read_text())
    key = lambda name: serialization.load_der_private_key(base64.b64decode(kept[name]), None)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (WORK / "login.pem").write_bytes(key("identity").private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return key("alias/mfa-signing"), key("alias/mfa-signing-next")


class Keys:
    """A server in the stack's place. It has the old keys and counts fetches. It can be silent, or answer `other`."""

    def __init__(self, *keys):
        self.keys, self.fetched, self.answers, self.other = list(keys), 0, threading.Event(), None
        self.answers.set()

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(answer):
                self.fetched += 1
                self.answers.wait(15)  # three times as long as a check should wait
                status, body, more = self.other or (200, json.dumps({"keys": self.keys}), 0)
                answer.send_response(status)
                answer.send_header("Content-Length", str(len(body) + more))
                answer.end_headers()
                answer.wfile.write(body.encode())

            def handle(answer):
                # A client that waited too long is gone.
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def log_message(answer, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def public(key, kid, algorithm):
    """A key as a JWK."""
    jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"} | {"kid": kid, "alg": algorithm}


def forge(claims, key, kid="local", typ="mfa+jwt", algorithm="ES256", **other):
    """An assertion with changed claims."""
    claims = {name: value for name, value in (claims | other).items() if value is not None}
    return jwt.encode(claims, key, algorithm, {"kid": kid, "typ": typ})


def read(assertion):
    return jwt.decode(assertion, options={"verify_signature": False})


class User:
    """A user who has given their password."""

    def __init__(self, name, *workspaces, owns=()):
        self.name, self.workspaces, self.owns = name, list(workspaces), owns
        self.again()

    def again(self):
        """Logs in again: a new login token."""
        import mint
        self.token = mint.login_token(self.name, f"{self.name}@acme.com", True, 0, self.workspaces, self.owns, auth_time=int(time.time()), sso=None)

    def ask(self, method, path, body=None, assertion=None):
        return ask(method, path, body, self.token, assertion)

    def enroll(self, assertion=None):
        """Enrolls an app."""
        begun = self.ask("POST", "/v1/factors", {"kind": "totp"}, assertion)
        self.factor, self.secret = begun["id"], begun["totp"]["secret"]
        return self.ask("POST", f"/v1/factors/{self.factor}/activate", self.code())

    def code(self):
        line = [LOCAL, "code", self.secret, "--data", DATA]
        return {"code": subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()}

    def verify(self):
        """Verifies the next code of the app, because the current one may be spent."""
        ask("POST", "/dev/clock", {"advance_seconds": 30})
        return self.ask("POST", f"/v1/factors/{self.factor}/verify", self.code())["assertion"]

    def text(self):
        """Requests a texted code."""
        self.ask("POST", f"/v1/factors/{self.factor}/texts")
        return {"code": re.search(r"#(\d{6})$", ask("GET", "/dev/outbox")["texts"][-1]["body"])[1]}

    def login(self, assertion, **other):
        """What a backend knows when it gets the assertion."""
        login = {"token": self.token, "user": self.name, "workspace": self.workspaces[0], "newest_epoch": 0}
        return login | {"assertion": assertion} | other


os.chdir(WORK)
