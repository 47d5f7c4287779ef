"""A function trusts Amazon's certificate authorities and those of `MFA_EXTRA_ROOTS`, and no other that the system trusts.
It opens its connections before its first event.

Runs a function behind a small Lambda Runtime API. The certificate of its AWS endpoint is from our own authority, which
the environment names as the system's. The function must refuse it, and answer that it can't reach AWS. If the setting
names a file with that authority, the function must accept it. It must not start with a file that has no authority.
"""

import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

root = pathlib.Path(__file__).resolve().parent.parent
event = (root / "events/verify/jwks.json").read_bytes()
handshakes, opened, answers = [], [], []
answered = threading.Event()


class Runtime(http.server.BaseHTTPRequestHandler):
    """The Lambda Runtime API, for one event."""

    def do_GET(self):
        opened.append(len(handshakes))
        if answers:
            # There is one event only.
            threading.Event().wait(60)
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:verify")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):
        answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answered.set()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def listen(server, context):
    while True:
        connection, _ = server.accept()
        try:
            context.wrap_socket(connection, server_side=True).recv(1)
            handshakes.append("trusted")
        except OSError as error:
            handshakes.append(str(error))


with tempfile.TemporaryDirectory() as work:
    authority, certificate, key = f"{work}/authority.pem", f"{work}/certificate.pem", f"{work}/key.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*new, "-subj", "/CN=authority", "-out", authority, "-keyout", f"{work}/authority.key"],
                   check=True, capture_output=True)
    subprocess.run([*new, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-CA", authority, "-CAkey", f"{work}/authority.key",
                    "-out", certificate, "-keyout", key], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, args=(server, context), daemon=True).start()
    port = server.getsockname()[1]

    # A client that trusts the authority connects, so only trust can be the reason for a refusal.
    with socket.create_connection(("127.0.0.1", port)) as plain:
        ssl.create_default_context(cafile=authority).wrap_socket(plain, server_hostname="localhost").close()

    runtime = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "verify",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": f"https://localhost:{port}",
        "SSL_CERT_FILE": authority, "MFA_TABLE": "mfa", "MFA_SEALING_KEY": "x", "MFA_SIGNING_KEYS": "a=x",
        "MFA_CODE_KEYS": "a=x", "MFA_APP_NAME": "App", "MFA_EMAIL_FROM": "security@example.com",
        "MFA_ISSUER": "https://mfa.example.com", "MFA_AUDIENCE": "app",
    }
    def run(**settings):
        """Starts the function, and waits for its answer or its end. Returns its log, its answers and the handshakes."""
        handshakes.clear()
        opened.clear()
        answers.clear()
        answered.clear()
        function = subprocess.Popen([root / "target/debug/verify"], env=environment | settings, stdout=subprocess.PIPE, text=True)
        waiting = threading.Thread(target=lambda: (function.wait(), answered.set()))
        waiting.start()
        answered.wait(30)
        function.kill()
        waiting.join()
        return function.stdout.read(), [answer.get("statusCode") for answer in answers], handshakes.copy()

    def must(holds, *found):
        if not holds:
            sys.exit(f"unexpected: {found}")

    _, statuses, found = run()
    must(statuses == [503] and found and "trusted" not in found, statuses, found)
    print(f"without a setting: {len(found)} handshakes refused")
    # The list of a system also has text, and certificates that can't be read.
    bundle = pathlib.Path(f"{work}/bundle.pem")
    unreadable = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    bundle.write_text(f"# authorities\n{unreadable}{pathlib.Path(authority).read_text()}")
    for extra in authority, str(bundle):
        _, statuses, found = run(MFA_EXTRA_ROOTS=extra)
        must(statuses == [503] and found and set(found) == {"trusted"}, extra, statuses, found)
        # Three connections to the table and one to the keys. The end closes them, so there are more tries.
        must(opened[0] >= 4, extra, opened, found)
    print("with the authority in MFA_EXTRA_ROOTS: accepted")
    for extra in f"{work}/none.pem", key:
        log, statuses, found = run(MFA_EXTRA_ROOTS=extra)
        must("the setting MFA_EXTRA_ROOTS must be" in log and not statuses and not found, extra, log, statuses, found)
    print("with a file without an authority: does not start")
    for flag in "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT":
        log, statuses, found = run(**{flag: "yes"})
        must(f"the setting {flag} must be: true or false" in log and not statuses, flag, log, statuses)
    print("with a flag that is neither true nor false: does not start")
