"""https with certificates as companies and tests have them (docs/decisions/0017): trusted by name, refused in words."""

import json
import ssl
import subprocess

import pytest

from harness.server import NUMBER, binary
from harness.steps import TO
from harness.webhook_app import HANGUP

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
HERE = "DNS:localhost,IP:127.0.0.1"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture
def authority(folder):
    openssl(folder, "req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Workshop CA")
    return folder / "ca.pem"


def issue(folder, names=HERE, days=2):
    """A certificate of the authority's, and its key."""
    (folder / "names").write_text(f"subjectAltName={names}\n")
    openssl(folder, "req", *KEY, "-keyout", "app.key", "-out", "app.csr", "-subj", "/CN=app")
    openssl(folder, "x509", "-req", "-in", "app.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "app.pem", "-days", str(days), "-extfile", "names")


def self_signed(folder):
    openssl(folder, "req", "-x509", *KEY, "-keyout", "app.key", "-out", "app.pem", "-days", "2", "-subj", "/CN=app",
            "-addext", f"subjectAltName={HERE}")


def speak_tls(app, folder, host="127.0.0.1"):
    """The app speaks TLS with the certificate from now on; its base URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "app.pem", folder / "app.key")
    app._server.socket = context.wrap_socket(app._server.socket, server_side=True)
    return f"https://{host}:{app.port}"


def call(server, app, base):
    app.answer("/connect", HANGUP)
    return server.rest.place(from_=NUMBER, to=TO, callConnectUrl=base + "/connect")


@pytest.mark.parametrize("way", ["--webhook-ca", "several in one file", "SSL_CERT_FILE", "SSL_CERT_DIR", "both"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_authority_of_ones_own(belay, far_end, app, folder, authority, way, host):
    issue(folder)
    arguments, env = [], {}
    if way == "--webhook-ca":
        arguments = ["--webhook-ca", authority]
    elif way == "several in one file":
        openssl(folder, "req", "-x509", *KEY, "-keyout", "o.key", "-out", "other.pem", "-days", "2", "-subj", "/CN=Other")
        (folder / "all.pem").write_text((folder / "other.pem").read_text() + "\nand\n" + authority.read_text())
        arguments = ["--webhook-ca", folder / "all.pem"]
    if way in ("SSL_CERT_FILE", "both"):
        env["SSL_CERT_FILE"] = str(authority)
    if way in ("SSL_CERT_DIR", "both"):
        (folder / "certs").mkdir()
        (folder / "certs" / "workshop.pem").write_text(authority.read_text())
        (folder / "certs" / "README").write_text("no certificate")
        env["SSL_CERT_DIR"] = f"{folder}/nowhere:{folder}/certs"
    server = belay(trunk=far_end().trunk, arguments=arguments, env=env)
    base = speak_tls(app, folder, host)
    ended = server.wait_until_ended(call(server, app, base))
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "appHangup"), ended


@pytest.mark.parametrize("fault, words", [
    ("unknown", ["Workshop CA", "--webhook-ca"]), ("self-signed", ["self-signed", "--webhook-ca"]),
    ("expired", ["expired on"]), ("wrong name", ["other.example", "127.0.0.1"])])
def test_what_is_wrong_with_a_certificate_is_said(belay, far_end, app, folder, authority, fault, words):
    if fault == "self-signed":
        self_signed(folder)
    else:
        issue(folder, "DNS:other.example" if fault == "wrong name" else HERE, -1 if fault == "expired" else 2)
    trusted = fault in ("expired", "wrong name")
    server = belay(trunk=far_end().trunk, arguments=["--webhook-ca", authority] if trusted else [])
    made = call(server, app, speak_tls(app, folder))
    ended = server.wait_until_ended(made)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "webhookFailed"), ended
    text = json.dumps(server.rest.logs(made))
    for word in words:
        assert word in text, text
    assert "NIOSSL" not in text and "BoringSSL" not in text and "handshakeFailed" not in text, text


def test_https_where_http_is_spoken(belay, far_end, app):
    server = belay(trunk=far_end().trunk)
    made = call(server, app, app.url("").replace("http://", "https://"))
    server.wait_until_ended(made)
    assert "is http:// meant?" in json.dumps(server.rest.logs(made))


@pytest.mark.parametrize("trusted", [True, False])
def test_doctor_trusts_whom_the_server_trusts(app, folder, authority, trusted):
    issue(folder)
    url = speak_tls(app, folder) + "/connect"
    arguments = ["--data", folder / "data", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--webhook", url]
    done = subprocess.run([binary(), "doctor", *arguments, *(["--webhook-ca", authority] if trusted else [])],
                          capture_output=True, text=True, timeout=60)
    words = f"{url} is reached" if trusted else f"{url} is not reached: its certificate is not trusted"
    assert words in done.stdout, done.stdout + done.stderr
    assert done.returncode == (0 if trusted else 1), done.stdout
