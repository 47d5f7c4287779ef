# check.py
import base64, hashlib, jwt, time

ISSUER, AUDIENCE = "https://mfa.acme.com", "acme-app"

class Keys(jwt.PyJWKClient):
    """The service's keys. While it fails, those of its last good answer will do, for a day."""
    good, until = None, 0

    def fetch_data(self):
        try:
            self.good, self.until = super().fetch_data(), time.monotonic() + 24 * 60 * 60
        except Exception as error:
            if time.monotonic() >= self.until: raise jwt.PyJWKClientError("no keys") from error
        return self.good

keys = Keys(ISSUER + "/.well-known/jwks.json", timeout=5)  # kept for five minutes, fetched as in Node
CLAIMS = ["exp", "sub", "ath", "jti", "mfa", "workspaces", "mfa_epoch"]

def check(assertion, login_token, user, workspace, newest_epoch, spend):
    def must(holds, why):
        if not holds: raise jwt.InvalidTokenError(why)
    key = keys.get_signing_key_from_jwt(assertion)
    rules = {"require": CLAIMS, "verify_iat": False}  # your clock may be behind; exp says how old it may be
    whole = jwt.decode_complete(assertion, key, algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE, options=rules)
    said, digest = whole["payload"], hashlib.sha256(login_token.encode()).digest()
    must(whole["header"].get("typ") == "mfa+jwt", "no assertion")
    must(said["sub"] == user, "of another user")
    must(said["ath"] == base64.urlsafe_b64encode(digest).decode().rstrip("="), "of another login")
    must(said["mfa"] in ("passed", "not_required"), "MFA is not settled")
    must(workspace in said["workspaces"], "not for this workspace")
    must(said["mfa_epoch"] >= newest_epoch, "from before a change of factors")
    must(spend(said["jti"]) is True, "spent")
    return said
