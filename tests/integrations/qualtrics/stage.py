"""What the tests play with: a clock that only sleeping moves, raw servers, an authority for certificates, a network."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.outbound.network import Network

TOKEN = "kQ3vTz81LmXb2WcR7sYpN5dHf0GjA9eU4oViBt6C"
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
API = "https://fra1.qualtrics.com/API/v3"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.seconds = 0.0
        self.sleeps = []

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.seconds += seconds

    def monotonic(self):
        return self.seconds

    def now(self):
        return NOW + dt.timedelta(seconds=self.seconds)


def envelope(
    result=None, *, status="200 - OK", notice=None, error=None, request_id="6b0d3f0e-2f43-4b2c-9c56-0f1c7a9be0d4"
):
    """An answer as Qualtrics wraps it."""
    meta = {"httpStatus": status, "requestId": request_id}
    if notice:
        meta["notice"] = f"Request proxied. For faster response times, use this host instead: {notice}"
    if error:
        meta["error"] = {"errorCode": error[0], "errorMessage": error[1]}
        return {"meta": meta}
    return {"result": result, "meta": meta}


class LocalServer:
    """Answers each connection with raw bytes (or what a function does with the socket), in a thread."""

    def __init__(self, behaviour, tls=None, *, listens=True):
        self.behaviour = behaviour
        self.tls = tls
        self.listens = listens
        self.requests = []
        self.names = []
        self._open = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            sock.settimeout(20)
            self._open.append(sock)
            try:
                if self.tls:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                    self._open.append(sock)
                data = b""
                while self.listens and b"\r\n\r\n" not in data:
                    piece = sock.recv(65536)
                    if not piece:
                        break
                    data += piece
                if data or not self.listens:
                    self.requests.append(data)
                    self.behaviour(sock) if callable(self.behaviour) else sock.sendall(self.behaviour)
            except OSError:
                pass
            finally:
                sock.close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._thread.join(10)


def _usage(*, signs_certificates):
    nothing = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False, **nothing,
    )  # fmt: skip


class Authority:
    """A certificate authority of the test's own, as RFC 5280 wants it: from 3.13 on, Python checks that."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), dt.timedelta(days=1), is_authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name, public_key, valid_for, *, is_authority, alternatives=()):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=3))
            .not_valid_after(now + valid_for)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=is_authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server_context(self, name, valid_for=dt.timedelta(days=1)):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        alternatives = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = self._sign(subject, key.public_key(), valid_for, is_authority=False, alternatives=alternatives)
        chain = self.folder / f"{name}-{valid_for.days}.pem"
        chain.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


class RedirectedNetwork(Network):
    """Names resolve to what the test says; a connection to any address ends at the local server."""

    def __init__(self, port, addresses=("93.184.216.34",)):
        self.local_port = port
        self.answers = [list(addresses)] if not addresses or isinstance(addresses[0], str) else list(addresses)
        self.looked_up = []
        self.connected = []

    def resolve(self, host, port):
        self.looked_up.append(host)
        return self.answers[min(len(self.looked_up), len(self.answers)) - 1]

    def connect(self, address, port, timeout):
        self.connected.append((address, port))
        return socket.create_connection(("127.0.0.1", self.local_port), timeout=timeout)
