"""Drives the deployed API as an app and its users would. Its OIDC issuer, authenticator and JWT checker are independent
of the service. Stops at the first difference from the contract."""

import base64
import hashlib
import http.server
import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request

import jwt
import pyotp
from cryptography.hazmat.primitives.asymmetric import rsa

outputs = {name: one["value"] for name, one in json.load(open(sys.argv[1])).items()}
AWS = "http://127.0.0.1:14566"
API = f"{AWS}/_aws/execute-api/{outputs['api_id']}"
ISSUER = "http://127.0.0.1:18090"
key, foreign = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class Issuer(http.server.BaseHTTPRequestHandler):
    """The identity provider's two static documents."""

    def do_GET(self):
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "1", "use": "sig", "alg": "RS256"}
        documents = {
            "/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks.json"},
            "/jwks.json": {"keys": [jwk]},
        }
        body = json.dumps(documents.get(self.path, {})).encode()
        self.send_response(200 if self.path in documents else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", 18090), Issuer).serve_forever, daemon=True).start()


def token(sub, *, signer=key, kid="1", **claims):
    now = int(time.time())
    all_claims = {
        "iss": ISSUER, "aud": "app", "sub": sub, "iat": now, "exp": now + 600,
        "email": f"{sub}@example.com", "email_verified": True, "workspaces": ["acme"],
    } | claims
    return jwt.encode({name: value for name, value in all_claims.items() if value is not None}, signer, "RS256", {"kid": kid})


def call(method, path, login=None, body=None, **headers):
    """The status and body of a reply."""
    request = urllib.request.Request(API + path, None if body is None else json.dumps(body).encode(), method=method)
    if body is not None:
        request.add_header("content-type", "application/json")
    if login:
        request.add_header("authorization", f"Bearer {login}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            status, text = reply.status, reply.read()
    except urllib.error.HTTPError as problem:
        status, text = problem.code, problem.read()
    return status, json.loads(text or "null")


def expect(reply, status, code=None):
    got = (reply[0], reply[1].get("type", "").rsplit("/", 1)[-1] if isinstance(reply[1], dict) else "")
    assert got[0] == status and (code is None or got[1] == code), f"expected {status} {code}: {reply}"
    return reply[1]


def said(assertion, login, sub):
    """The claims of an assertion, checked with the published keys as an app's backend does."""
    keys = jwt.PyJWKSet.from_dict(expect(call("GET", "/.well-known/jwks.json"), 200))
    header = jwt.get_unverified_header(assertion)
    assert header["typ"] == "mfa+jwt", header
    claims = jwt.decode(assertion, keys[header["kid"]], ["ES256"], issuer=outputs["assertion_issuer"], audience="app")
    ath = base64.urlsafe_b64encode(hashlib.sha256(login.encode()).digest()).rstrip(b"=").decode()
    assert claims["sub"] == sub and claims["ath"] == ath, claims
    return claims


def sent(kind):
    """The emulator's record of what was sent, oldest first."""
    with urllib.request.urlopen(f"{AWS}/_ministack/{kind}") as reply:
        return reply.read().decode()


def step(what):
    print(f"  {what}", flush=True)


def next_code(app):
    """Waits for the next 30 seconds and returns a code that was not shown yet."""
    time.sleep(30.5 - time.time() % 30)
    return app.now()


step("bad tokens are kept out")
ada = token("ada")
for bad in [
    None, "x.y.z", token("ada", aud="other"), token("ada", iss="http://127.0.0.1:1"), token("ada", signer=foreign),
    token("ada", kid="2"), token("ada", exp=int(time.time()) - 120),
]:
    expect(call("POST", "/v1/logins", bad), 401)
expect(call("POST", "/v1/logins", token("ada", workspaces=None)), 403, "claim-missing")
expect(call("GET", "/v1/nothing", ada), 404)

step("Ada enrolls an authenticator app")
login = expect(call("POST", "/v1/logins", ada), 200)
assert (login["decision"], login["reason"]) == ("allow", "mfa_not_enabled"), login
assert said(login["assertion"], ada, "ada")["mfa"] == "not_required"
begun = expect(call("POST", "/v1/factors", ada, {"kind": "totp", "name": "Phone"}), 201)
app, factor = pyotp.parse_uri(begun["totp"]["uri"]), begun["id"]
code = app.now()
activated = expect(call("POST", f"/v1/factors/{factor}/activate", ada, {"code": code}), 200)
assert said(activated["assertion"], ada, "ada")["mfa"] == "passed" and len(activated["recovery_codes"]) == 10
assert "an authenticator app was added" in sent("ses/messages"), "no notice went"

step("and logs in; a code works once")
ada = token("ada")
assert expect(call("POST", "/v1/logins", ada), 200)["decision"] == "challenge"
expect(call("POST", f"/v1/factors/{factor}/verify", ada, {"code": code}), 422, "code-used")
code = next_code(app)
verified = expect(call("POST", f"/v1/factors/{factor}/verify", ada, {"code": code}), 200)
claims = said(verified["assertion"], ada, "ada")
assert (claims["mfa"], claims["amr"], claims["workspaces"]) == ("passed", ["otp", "mfa"], ["acme"]), claims
expect(call("POST", f"/v1/factors/{factor}/verify", ada, {"code": code}), 422, "code-used")
expect(call("POST", f"/v1/factors/{factor}/verify", ada, {"code": "000000"}), 422, "code-rejected")
expect(call("POST", f"/v1/factors/{factor}/verify", token("eve"), {"code": code}), 404, "factor-not-found")

step("Bob enrolls a phone, and logs in by text")
bob = token("bob")
expect(call("POST", "/v1/factors", bob, {"kind": "sms", "phone": "+1 876 555 0123"}), 422, "phone-not-supported")
phone = expect(call("POST", "/v1/factors", bob, {"kind": "sms", "phone": "+1 415 555 0123"}), 201)["id"]
for path in ["activate", "verify"]:
    expect(call("POST", f"/v1/factors/{phone}/texts", bob), 202)
    code = re.findall(r"@app\.example\.com #(\d{6})", sent("sns/sms-messages"))[-1]
    expect(call("POST", f"/v1/factors/{phone}/{path}", bob, {"code": code}), 200)

step("Ada loses her phone: a recovery code, and one by email")
expect(call("POST", "/v1/recovery/verify", ada, {"code": activated["recovery_codes"][0].upper()}), 200)
expect(call("POST", "/v1/recovery/verify", ada, {"code": activated["recovery_codes"][0]}), 422, "code-used")
expect(call("POST", "/v1/recovery/emails", token("ada", password_reset_at=int(time.time()))), 403, "email-recovery-held")
expect(call("POST", "/v1/recovery/emails", ada), 202)
code = re.findall(r"\\n\\n([0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4})\\n\\n", sent("ses/messages"))[-1]
recovered = expect(call("POST", "/v1/recovery/verify", ada, {"code": code}), 200)
assert said(recovered["assertion"], ada, "ada")["amr"] == ["email"]
# This assertion logs her in and begins a factor. It allows nothing else.
expect(call("POST", "/v1/recovery/codes", ada, {}, mfa_assertion=recovered["assertion"]), 403, "assertion-required")
expect(call("DELETE", f"/v1/factors/{factor}", ada, mfa_assertion=recovered["assertion"]), 403, "assertion-required")
expect(call("POST", "/v1/factors", ada, {"kind": "totp", "name": "Next"}, mfa_assertion=recovered["assertion"]), 201)

step("an owner requires MFA, and sees who has it")
boss = token("ada", owned_workspaces=["acme"])
proof = expect(call("POST", f"/v1/factors/{factor}/verify", boss, {"code": next_code(app)}), 200)["assertion"]
claims = said(proof, boss, "ada")
assert claims["enrolled_by"] == "first" and claims["factor_since"] <= claims["iat"], claims
codes = expect(call("POST", "/v1/recovery/codes", boss, {}, mfa_assertion=proof), 201)["recovery_codes"]
assert len(set(codes) - set(activated["recovery_codes"])) == 10
path = "/v1/workspaces/acme/policy"
expect(call("PUT", path, bob, {"required": True}), 403, "not-owner")
expect(call("PUT", path, boss, {"required": True}), 403, "assertion-required")
expect(call("PUT", path, boss, {"required": True, "grace_days": 0, "allowed_factors": ["totp"]}, mfa_assertion=proof), 200)
assert expect(call("GET", path, boss), 200)["required"] is True
assert expect(call("POST", "/v1/logins", token("new")), 200)["reason"] == "required_by_workspace"
assert expect(call("POST", "/v1/logins", bob), 200)["reason"] == "method_not_allowed"
sso = token("sso", sso=True)
assert expect(call("POST", "/v1/logins", sso), 200)["reason"] == "sso"
expect(call("GET", "/v1/factors", sso), 403, "sso-user")
members = expect(call("GET", "/v1/workspaces/acme/members?state=none", boss, mfa_assertion=proof), 200)
assert members["summary"] == {"mfa": 2, "none": 1, "sso": 1}, members
assert [one["user"] for one in members["members"]] == ["new"], members
assert "binds_until" in expect(call("DELETE", f"/v1/factors/{factor}", boss, mfa_assertion=proof), 409, "last-factor")

step("operators: by scope, by list, on others")
support = token("support", aud="operators", email=None, workspaces=None, scope="mfa:operator")
act = {"user": "bob", "reason": "lost phone"}
expect(call("POST", "/v1/operator/reset", token("support", aud="operators"), act), 403)
expect(call("POST", "/v1/operator/reset", token("eve", scope="mfa:operator"), act), 403, "not-operator")
expect(call("POST", "/v1/operator/unlock", support, act), 200)
assert expect(call("POST", "/v1/operator/reset", support, act), 200)["mfa_epoch"] > 0
assert expect(call("POST", "/v1/logins", bob), 200)["reason"] == "required_by_workspace"
elsewhere = {"kind": "totp", "secret": pyotp.random_base32()}
expect(call("POST", "/v1/operator/import", support, elsewhere | {"user": "bob"}), 400, "invalid-request")
moved = expect(call("POST", "/v1/operator/import", support, elsewhere | act), 201)
assert moved["enrolled_by"] == "import", moved
assert expect(call("POST", "/v1/logins", bob), 200)["factors"][0]["id"] == moved["id"]
assert expect(call("POST", "/v1/operator/erase", support, act), 200) == {"mfa_epoch": 0}
assert "two-step verification data was deleted" in sent("ses/messages"), "no notice of the erase went"
expect(call("POST", "/v1/operator/erase", support, act), 404, "user-not-found")
print("the journeys hold")
