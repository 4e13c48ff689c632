"""Real sockets: where connections go, what they trust, and when they are cut."""

import datetime as dt
import io
import socket
import threading
import time
import zipfile

import pytest
import requests

from integrations.outbound.network import Network
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.hosts import Host
from integrations.troubles import errors
from integrations.vault.secret import Secret
from tests.integrations.qualtrics.stage import TOKEN, RedirectedNetwork

BODY = b'{"result":{"userId":"UR_1","brandId":"northwind"},"meta":{"httpStatus":"200 - OK","requestId":"r"}}'
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
ONE_TRY = Limits(tries=1)


@pytest.fixture
def test_client(serve, settings):
    """A client of a plain test host that behaves as told."""
    made = []

    def make(behaviour, **options):
        server = serve(behaviour)
        name = f"127.0.0.1:{server.port}"
        settings.QUALTRICS_TEST_HOSTS = [name]
        client = QualtricsClient(Host(name, is_test=True), Secret(TOKEN), **({"limits": ONE_TRY} | options))
        made.append(client)
        return client, server

    yield make
    for client in made:
        client.close()


def failure_of(client):
    with pytest.raises(errors.QualtricsError) as failure:
        client.whoami()
    return failure.value


class TestPinning:
    @pytest.fixture
    def tls_client(self, serve, authority, make_client):
        def make(name="fra1.qualtrics.com", behaviour=GOOD, addresses=("93.184.216.34",), trusted=True, days=1):
            server = serve(behaviour, authority.server_context(name, dt.timedelta(days=days)))
            network = RedirectedNetwork(server.port, addresses)
            ca_file = str(authority.file) if trusted else None
            return make_client(network=network, ca_file=ca_file, limits=ONE_TRY), server, network

        return make

    def test_the_name_is_looked_up_once_and_verified_though_the_address_is_pinned(self, tls_client):
        client, server, network = tls_client(behaviour=lambda sock: sock.sendall(GOOD))
        assert client.whoami().brand == "northwind"
        assert network.looked_up == ["fra1.qualtrics.com"]
        assert network.connected == [("93.184.216.34", 443)]
        assert b"Host: fra1.qualtrics.com\r\n" in server.requests[0]
        assert f"X-API-TOKEN: {TOKEN}\r\n".encode() in server.requests[0]

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "fec0::1",
            "64:ff9b::a00:1",
        ],
    )
    def test_a_name_that_leads_inside_is_refused(self, tls_client, address):
        client, server, network = tls_client(addresses=[["93.184.216.34", address]])
        error = failure_of(client)
        assert isinstance(error, errors.HostRefused)
        assert error.code == "host_internal_address"
        assert network.connected == []
        assert server.requests == []

    def test_a_second_answer_of_the_dns_changes_nothing(self, tls_client):
        client, _server, network = tls_client(
            behaviour=lambda sock: sock.sendall(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)),
            addresses=[["93.184.216.34"], ["127.0.0.1"]],
        )
        assert client.whoami().brand == "northwind"
        assert failure_of(client).code == "host_internal_address"
        assert network.connected == [("93.184.216.34", 443)]

    def test_the_next_address_is_tried(self, tls_client):
        client, _server, network = tls_client(addresses=[["93.184.216.34", "93.184.216.35"]])
        connect = network.connect

        def first_is_dead(address, port, timeout):
            if address.endswith("34"):
                network.connected.append((address, port))
                raise ConnectionRefusedError(111, "refused")
            return connect(address, port, timeout)

        network.connect = first_is_dead
        client.whoami()
        assert [address for address, _port in network.connected] == ["93.184.216.34", "93.184.216.35"]

    @pytest.mark.parametrize(
        ("certificate", "code"),
        [({"name": "evil.example"}, "tls_name"), ({"days": -1}, "tls_expired"), ({"trusted": False}, "tls_untrusted")],
    )
    def test_certificates_are_verified(self, tls_client, certificate, code):
        client, server, _network = tls_client(**certificate)
        error = failure_of(client)
        assert isinstance(error, errors.NoConnection)
        assert error.code == code
        assert server.requests == []

    def test_a_server_without_tls(self, serve, make_client):
        server = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n", listens=False)
        error = failure_of(make_client(network=RedirectedNetwork(server.port), limits=ONE_TRY))
        assert error.code in ("tls_failed", "connection_cut")  # as the operating system sees it


class TestNoConnection:
    def test_a_name_without_an_address(self, make_client):
        class Nowhere(Network):
            def resolve(self, host, port):
                raise socket.gaierror(-2, "Name or service not known")

        assert failure_of(make_client(network=Nowhere(), limits=ONE_TRY)).code == "dns_failed"

    @pytest.mark.parametrize(
        ("raised", "code"),
        [
            (ConnectionRefusedError(111, "refused"), "connection_refused"),
            (TimeoutError("timed out"), "connect_timeout"),
            (OSError(113, "No route to host"), "connection_failed"),
        ],
    )
    def test_an_address_without_an_answer(self, make_client, clock, raised, code):
        class Deaf(Network):
            def resolve(self, host, port):
                return ["93.184.216.34"]

            def connect(self, address, port, timeout):
                assert timeout <= 5
                raise raised

        client = make_client(network=Deaf())
        assert failure_of(client).code == code
        assert clock.sleeps == [1.5, 2.5, 4.5]

    def test_a_closed_port(self, settings):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        settings.QUALTRICS_TEST_HOSTS = [f"127.0.0.1:{port}"]
        with QualtricsClient(Host(f"127.0.0.1:{port}", is_test=True), Secret(TOKEN), limits=ONE_TRY) as client:
            assert failure_of(client).code == "connection_refused"


class TestCuts:
    def drip(self, stop, head):
        def behave(sock):
            sock.sendall(head)
            while not stop.wait(0.05):
                sock.sendall(b" ")

        return behave

    @pytest.mark.parametrize(
        "head",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nX: ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n{",
            b"HTTP/1.0 200 OK\r\n\r\n{",
        ],
        ids=["status line", "headers", "body", "last body of a connection", "body without length"],
    )
    def test_a_slow_drip_has_an_end(self, test_client, head):
        stop = threading.Event()
        client, _server = test_client(self.drip(stop, head), limits=Limits(tries=1, json_seconds=0.6))
        started = time.monotonic()
        try:
            assert failure_of(client).code == "deadline"
        finally:
            stop.set()
        assert 0.5 < time.monotonic() - started < 60

    @pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
    def test_a_slow_drip_inside_tls_has_an_end(self, serve, authority, make_client, more):
        stop = threading.Event()
        head = b"HTTP/1.1 200 OK\r\n" + more + b"Content-Length: 100000\r\n\r\n{"
        server = serve(self.drip(stop, head), authority.server_context("fra1.qualtrics.com"))
        network, limits = RedirectedNetwork(server.port), Limits(tries=1, json_seconds=0.6)
        client = make_client(network=network, ca_file=str(authority.file), limits=limits)
        started = time.monotonic()
        try:
            assert failure_of(client).code == "deadline"
        finally:
            stop.set()
        assert time.monotonic() - started < 60

    def test_a_slow_handshake_has_an_end(self, make_client):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            network = RedirectedNetwork(silent.getsockname()[1])
            client = make_client(network=network, limits=Limits(tries=1, json_seconds=0.6), monotonic=time.monotonic)
            started = time.monotonic()
            assert failure_of(client).code == "deadline"
            assert time.monotonic() - started < 60

    def test_a_call_in_time_is_not_hurt_by_the_limit_of_the_one_before(self, test_client):
        def behave(sock):
            sock.sendall(GOOD)
            while sock.recv(65536):
                sock.sendall(GOOD)

        client, server = test_client(behave, limits=Limits(tries=1, json_seconds=2.0))
        for _ in range(4):
            assert client.whoami().brand == "northwind"
            time.sleep(0.6)
        assert len(server.requests) == 1  # one connection for all of them

    @pytest.mark.parametrize("tenth", range(10))
    def test_nothing_of_a_cut_body_is_used(self, test_client, tenth):
        cut = len(GOOD) * tenth // 10
        client, server = test_client(GOOD[:cut])
        assert failure_of(client).code == "connection_cut"
        assert len(server.requests) == 1

    def test_a_cut_file_is_fetched_again_and_never_seen_incomplete(self, test_client, tmp_path):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Survey.ndjson", b'{"responseId":"R_1"}\n' * 500)
        data = buffer.getvalue()
        whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data)
        target = tmp_path / "export.zip"
        tries = []

        def behave(sock):
            tries.append(sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".zip"))
            sock.sendall(whole if len(tries) == 4 else whole[: len(whole) * len(tries) // 4])

        client, _server = test_client(behave, limits=Limits(tries=4), sleep=lambda seconds: None)
        assert client.download_export("SV_1", "f", target) == len(data)
        assert target.read_bytes() == data
        assert tries == [[], [], [], []]
        assert list(tmp_path.glob("*.part")) == []

    def test_a_file_that_never_comes_whole_leaves_nothing(self, test_client, tmp_path):
        client, _server = test_client(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nPK\x03\x04half")
        with pytest.raises(errors.NoConnection):
            client.download_export("SV_1", "f", tmp_path / "export.zip")
        assert [path for path in tmp_path.iterdir() if path.is_file()] == []

    def test_a_disk_that_refuses(self, test_client, tmp_path):
        client, server = test_client(GOOD)
        with pytest.raises(errors.SpoolTrouble):
            client.download_export("SV_1", "f", tmp_path / "missing" / "export.zip")
        assert server.requests == []


class TestNoDetours:
    def test_no_redirect_and_no_proxy(self, test_client, serve, monkeypatch):
        elsewhere = serve(GOOD)
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
        monkeypatch.setenv("NO_PROXY", "")
        moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/API/v3/whoami\r\nContent-Length: 0\r\n\r\n"
        client, server = test_client(moved % elsewhere.port)
        assert failure_of(client).code == "redirected"
        assert len(server.requests) == 1
        assert elsewhere.requests == []

    def test_no_netrc(self, test_client, tmp_path, monkeypatch):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        client, server = test_client(GOOD)
        client.whoami()
        assert b"uthorization" not in server.requests[0]

    def test_no_cookie_is_kept(self, test_client):
        answer = GOOD.replace(b"Content-Length", b"Set-Cookie: a=b; Path=/\r\nConnection: close\r\nContent-Length")
        client, server = test_client(answer)
        client.whoami()
        client.whoami()
        assert len(server.requests) == 2
        assert b"ookie" not in server.requests[1]

    def test_the_next_page_on_a_foreign_host_gets_nothing(self, test_client, serve):
        foreign = serve(GOOD)
        page = (
            b'{"result":{"elements":[],"nextPage":"http://127.0.0.1:%d/API/v3/surveys?offset=1"},"meta":{}}'
            % foreign.port
        )
        client, _server = test_client(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
        )
        with pytest.raises(errors.QualtricsError):
            list(client.surveys())
        assert foreign.requests == []

    def test_plain_http_is_not_even_mounted_without_test_hosts(self, settings):
        settings.QUALTRICS_TEST_HOSTS = []
        session = requests.Session()
        with (
            QualtricsClient(Host("fra1.qualtrics.com"), Secret(TOKEN), session),
            pytest.raises(requests.exceptions.InvalidSchema),
        ):
            session.get("http://fra1.qualtrics.com/")
