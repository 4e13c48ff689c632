"""The host rule: what people type is understood, what attackers type is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.qualtrics.hosts import Host, normalise_host
from integrations.troubles.errors import HostRefused

ACCEPTED = {
    # bare data-centre ids
    "fra1": "fra1.qualtrics.com",
    "FRA1": "fra1.qualtrics.com",
    "eu": "eu.qualtrics.com",
    "gov1": "gov1.qualtrics.com",
    "iad1": "iad1.qualtrics.com",
    "co1": "co1.qualtrics.com",
    "az1": "az1.qualtrics.com",
    "sjc1": "sjc1.qualtrics.com",
    "ca1": "ca1.qualtrics.com",
    "syd1": "syd1.qualtrics.com",
    "dub1": "dub1.qualtrics.com",
    "yul1": "yul1.qualtrics.com",
    "pdx1": "pdx1.qualtrics.com",
    "au1": "au1.qualtrics.com",
    "some-new-id": "some-new-id.qualtrics.com",
    "a" * 31: "a" * 31 + ".qualtrics.com",
    # hosts
    "fra1.qualtrics.com": "fra1.qualtrics.com",
    "Fra1.Qualtrics.COM": "fra1.qualtrics.com",
    "acme.qualtrics.com": "acme.qualtrics.com",
    "acme.fra1.qualtrics.com": "acme.fra1.qualtrics.com",
    "3m.qualtrics.com": "3m.qualtrics.com",
    "fra1.qualtrics.com/": "fra1.qualtrics.com",
    "fra1.qualtrics.com/API/v3": "fra1.qualtrics.com",
    # addresses
    "https://fra1.qualtrics.com": "fra1.qualtrics.com",
    "https://fra1.qualtrics.com/": "fra1.qualtrics.com",
    "HTTPS://FRA1.QUALTRICS.COM/": "fra1.qualtrics.com",
    "https://fra1.qualtrics.com/API/v3/surveys": "fra1.qualtrics.com",
    "https://acme.fra1.qualtrics.com/survey-builder/SV_1/edit?tab=x#top": "acme.fra1.qualtrics.com",
    "https://fra1.qualtrics.com/responses/#/surveys/SV_4rTq9LmX2bWc7Ks": "fra1.qualtrics.com",
    # What follows the first slash is a path, however it looks; the host before it is right.
    "https://fra1.qualtrics.com/@evil.example": "fra1.qualtrics.com",
    "https://fra1.qualtrics.com//evil.example": "fra1.qualtrics.com",
    "https://fra1.qualtrics.com/..%2f..": "fra1.qualtrics.com",
}

REFUSED = {
    "host_empty": [""],
    "host_not_https": [
        "http://fra1.qualtrics.com",
        "http://fra1.qualtrics.com/API/v3",
        "HTTP://acme.fra1.qualtrics.com",
    ],
    "host_malformed": [
        # white space, control characters, newlines
        " ",
        " fra1",
        "fra1 ",
        "fra1\n",
        "fra1.qualtrics.com\n",
        "fra1.qualtrics.com\r\n",
        "fra1.qualtrics.com\r\nX-Evil: 1",
        "\tfra1.qualtrics.com",
        "fra1.qual\ttrics.com",
        "fra1.qualtrics.com\0",
        "fra1.qualtrics.com\x7f",
        "https://fra1.qualtrics.com/a b",
        # outside ASCII
        "fra1。qualtrics。com",
        "fra1.qualtrics.com。",
        "fra1．qualtrics．com",
        "fra1｡qualtrics｡com",
        "ｆｒａ１.qualtrics.com",
        "fra１.qualtrics.com",
        "frа1.qualtrics.com",  # a Cyrillic letter
        "fra1.quaⅼtrics.com",  # a Roman numeral
        "\u212aera.qualtrics.com",  # lower() makes a plain k of the Kelvin sign
        "fra1.qualtrics.com\u200b",
        "fra1.qualtrics.com\u202e",
        "ſra1.qualtrics.com",
        "fra1.qualtrics.com/é",
        # user names
        "user@fra1.qualtrics.com",
        "https://user@fra1.qualtrics.com",
        "https://user:password@fra1.qualtrics.com/",
        "https://fra1.qualtrics.com@evil.example",
        "https://fra1.qualtrics.com@evil.example/",
        "https://fra1.qualtrics.com:443@evil.example/",
        "fra1.qualtrics.com@127.0.0.1",
        "https://@fra1.qualtrics.com",
        # ports
        "fra1.qualtrics.com:443",
        "https://fra1.qualtrics.com:443/",
        "https://fra1.qualtrics.com:8443",
        "fra1:443",
        "127.0.0.1:8900",
        "localhost:8900",
        "[::1]:8900",
        "fra1.qualtrics.com:",
        # IPv6
        "[::1]",
        "::1",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "https://[::1]/",
        "[fe80::1%25eth0]",
        "fe80::1%eth0",
        # slashes that lean the wrong way, and none before a host
        "https:\\\\fra1.qualtrics.com",
        "fra1.qualtrics.com\\evil.example",
        "https://fra1.qualtrics.com\\@evil.example",
        "https://evil.example\\.fra1.qualtrics.com",
        "https://fra1.qualtrics.com/\\evil.example",
        "\\\\fra1.qualtrics.com",
        "//fra1.qualtrics.com",
        "//evil.example",
        "/fra1.qualtrics.com",
        "https:///fra1.qualtrics.com",
        "https:/fra1.qualtrics.com",
        "https:fra1.qualtrics.com",
        "https://",
        # other schemes
        "ftp://fra1.qualtrics.com",
        "file:///etc/passwd",
        "gopher://fra1.qualtrics.com",
        "javascript:alert(1)",
        "httpss://fra1.qualtrics.com",
        # too long
        "a" * 2049,
        "https://fra1.qualtrics.com/" + "a" * 3000,
    ],
    "host_not_qualtrics": [
        # somewhere else
        "evil.example",
        "qualtrics.com",
        "https://qualtrics.com/",
        ".qualtrics.com",
        "fra1.qualtrics.com.evil.example",
        "fra1.qualtrics.com.",
        "fra1.qualtrics.org",
        "fra1qualtrics.com",
        "fra1-qualtrics.com",
        "evilqualtrics.com",
        "fra1.xqualtrics.com",
        "fra1.qualtrics.comx",
        "fra1..qualtrics.com",
        "a.b.c.qualtrics.com",
        "acme.fra1",
        "-fra1.qualtrics.com",
        "fra1-.qualtrics.com",
        "fra_1.qualtrics.com",
        "*.qualtrics.com",
        "fra1.qualtrics.com,evil.example",
        "fra1.qualtrics.com;evil.example",
        "a" * 32,
        "a" * 32 + ".qualtrics.com",
        "a" * 254,
        # machines
        "localhost",
        "LOCALHOST",
        "localhost.qualtrics.com",
        "localhost.fra1.qualtrics.com",
        "127.0.0.1",
        "127.1",
        "10.0.0.1",
        "169.254.169.254",
        "2130706433",
        "0",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.qualtrics.com",
        "127.1.qualtrics.com",
        "2130706433.qualtrics.com",
        "0x7f000001.qualtrics.com",
        "https://127.0.0.1/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        # disguises
        "xn--fra1-9ta.qualtrics.com",
        "xn--80ak6aa92e",
        "acme.xn--fra-9la.qualtrics.com",
        # what only looks like a query or a fragment begins no host
        "https://fra1.qualtrics.com?x=1",
        "https://fra1.qualtrics.com#x",
        "https://evil.example?.qualtrics.com",
        "https://evil.example#.qualtrics.com",
        "evil.example#fra1.qualtrics.com",
        "fra1.qualtrics.com%2eevil.example",
        "%66ra1.qualtrics.com",
        "fra1.qualtrics.com%00",
        "fra1%2e.qualtrics.com",
        "evil.example/fra1.qualtrics.com",
        "evil.example/.qualtrics.com",
        "https://evil.example/https://fra1.qualtrics.com",
    ],
}
REFUSED_ROWS = [(code, text) for code, texts in REFUSED.items() for text in texts]


@pytest.mark.parametrize(("typed", "host"), ACCEPTED.items())
def test_what_people_type_is_understood(typed, host):
    assert normalise_host(typed) == Host(host)
    assert normalise_host(typed).origin == f"https://{host}"


@pytest.mark.parametrize(("code", "typed"), REFUSED_ROWS)
def test_everything_else_is_refused(code, typed):
    if code == "host_not_https" or typed.lower().startswith("http://"):
        code = "host_not_https"
    with pytest.raises(HostRefused) as refusal:
        normalise_host(typed)
    assert refusal.value.code == code
    assert refusal.value.permanent


def test_the_table_is_long_enough():
    assert len(REFUSED_ROWS) >= 100


@given(
    st.text(max_size=60)
    | st.from_regex(r"(https?://)?[a-z0-9.@:/\\#?%-]{1,40}(\.qualtrics\.com)?.{0,5}", fullmatch=True)
)
def test_whatever_is_typed_leads_to_qualtrics_or_nowhere(typed):
    try:
        host = normalise_host(typed, allowed_tests=())
    except HostRefused:
        return
    labels = host.name.split(".")
    assert labels[-2:] == ["qualtrics", "com"]
    assert 3 <= len(labels) <= 4
    assert host.name.isascii()
    assert host.name == host.name.lower()
    assert not set(host.name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")


class TestTestHosts:
    @pytest.fixture(autouse=True)
    def named(self, settings):
        settings.QUALTRICS_TEST_HOSTS = [
            "127.0.0.1:8900",
            "Sandbox.Local:80",
            "[::1]:8900",
            "evil.example",
            "a b:1",
            "x:1/y",
        ]

    @pytest.mark.parametrize(
        ("typed", "name"),
        [
            ("127.0.0.1:8900", "127.0.0.1:8900"),
            ("http://127.0.0.1:8900", "127.0.0.1:8900"),
            ("http://127.0.0.1:8900/API/v3", "127.0.0.1:8900"),
            ("SANDBOX.local:80", "sandbox.local:80"),
            ("http://[::1]:8900/", "[::1]:8900"),
        ],
    )
    def test_exactly_these_are_reached_over_plain_http(self, typed, name):
        assert normalise_host(typed) == Host(name, is_test=True)
        assert normalise_host(typed).origin == f"http://{name}"

    @pytest.mark.parametrize(
        "typed",
        [
            "127.0.0.1",
            "127.0.0.1:8901",
            "127.0.0.1:08900",
            "127.0.0.1:89000",
            "127.0.0.2:8900",
            "127.0.0.1:8900@evil.example",
            "http://evil@127.0.0.1:8900",
            "http://127.0.0.1:8901/",
            "https://127.0.0.1:8900",
            "sandbox.local",
            "x.sandbox.local:80",
            "sandbox.local.:80",
            "evil.example",
            "evil.example:80",
            "http://evil.example",
            "a b:1",
            "x:1/y",
            "127.0.0.1:8900\n",
        ],
    )
    def test_nothing_near_them_is(self, typed):
        with pytest.raises(HostRefused):
            normalise_host(typed)

    def test_they_open_no_door_for_others(self):
        assert normalise_host("fra1") == Host("fra1.qualtrics.com")
        with pytest.raises(HostRefused):
            normalise_host("http://fra1.qualtrics.com")

    def test_without_the_setting_there_are_none(self, settings):
        settings.QUALTRICS_TEST_HOSTS = []
        with pytest.raises(HostRefused):
            normalise_host("127.0.0.1:8900")
