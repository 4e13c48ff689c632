"""No text, wherever it comes from, takes a call out of the API or to another host."""

from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.qualtrics.hosts import Host
from integrations.qualtrics.paths import BASE, api_path, next_page
from integrations.troubles.errors import HostRefused, RequestRefused, UnexpectedAnswer

FRA1 = Host("fra1.qualtrics.com")
TEST = Host("127.0.0.1:8900", is_test=True)
EVIL = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\t//evil.example",
    "@evil.example",
    ".evil.example",
    "..",
    ".",
    "...",
    "%2e%2e",
    "%2f",
    "a/../..",
    "a\r\nX-Evil: 1",
    "a#b",
    "a?b",
    "a;b",
    "a\0",
    "a b",
    "é",
    "",
    "a" * 129,
    "a\\b",
    "a/b",
]


def sent_to(host, path):
    """Where the HTTP library would really send this."""
    return urlsplit(requests.Request("GET", host.origin + path).prepare().url)


@pytest.mark.parametrize("text", [text for text in EVIL if text not in (".evil.example",)])
def test_evil_segments_are_refused(text):
    with pytest.raises(RequestRefused):
        api_path(["surveys", text])


def test_a_call_needs_a_path():
    with pytest.raises(RequestRefused):
        api_path([])


def test_paths_are_built():
    assert api_path(["surveys"]) == "/API/v3/surveys"
    assert api_path(["surveys", "SV_1", "export-responses", "0c9a7f5e-41d2-def", "file"]).endswith(
        "/0c9a7f5e-41d2-def/file"
    )
    assert (
        api_path(["surveys"], {"offset": 100, "q": "a&b=c#d\r\n//x"})
        == "/API/v3/surveys?offset=100&q=a%26b%3Dc%23d%0D%0A%2F%2Fx"
    )


segments = st.lists(
    st.text(max_size=12) | st.sampled_from(EVIL) | st.from_regex(r"[A-Za-z0-9_.:~-]{1,9}", fullmatch=True), max_size=4
)
queries = st.dictionaries(st.text(max_size=8), st.text(max_size=12) | st.sampled_from(EVIL), max_size=3)


@given(segments, queries)
@example([".evil.example"], {})
@example(["a", "~..~"], {"x": "y"})
def test_no_segment_and_no_query_leaves_the_api(parts, query):
    try:
        path = api_path(parts, query)
    except RequestRefused:
        return
    target = sent_to(FRA1, path)
    assert (target.scheme, target.netloc) == ("https", "fra1.qualtrics.com")
    assert target.path == BASE + "/".join(parts)
    assert not target.fragment


PAGES = [
    "https://fra1.qualtrics.com/API/v3/surveys?offset=100",
    "https://sjc1.qualtrics.com/API/v3/surveys?offset=100&proxyDepth=1&proxyInfo=%7B%22proxyDepth%22%3A1%7D",
    "https://acme.fra1.qualtrics.com/API/v3/surveys/?skipToken=a/b+c==",
    "https://fra1.qualtrics.com/API/v3/eventsubscriptions",
]
WRONG_PAGES = [
    "http://fra1.qualtrics.com/API/v3/surveys?offset=100",
    "https://evil.example/API/v3/surveys",
    "https://fra1.qualtrics.com.evil.example/API/v3/surveys",
    "https://fra1.qualtrics.com@evil.example/API/v3/surveys",
    "https://fra1.qualtrics.com:443/API/v3/surveys",
    "https://fra1.qualtrics.com/API/v3/../../surveys",
    "https://fra1.qualtrics.com/API/v3/a/../b",
    "https://fra1.qualtrics.com/API/v3/./surveys",
    "https://fra1.qualtrics.com/API/v3//evil.example",
    "https://fra1.qualtrics.com/API/v3/%2e%2e/x",
    "https://fra1.qualtrics.com/API/v2/surveys",
    "https://fra1.qualtrics.com/API/v3x/surveys",
    "https://fra1.qualtrics.com/API/v3",
    "https://fra1.qualtrics.com/oauth2/token",
    "https://fra1.qualtrics.com\\@evil.example/API/v3/surveys",
    "https://fra1.qualtrics.com/API/v3/surveys#x",
    "https://fra1.qualtrics.com/API/v3/surveys?a#x",
    "https://fra1.qualtrics.com/API/v3/surveys?a\r\nX: y",
    "https://fra1.qualtrics.com/API/v3/surveys?a b",
    "https://fra1.qualtrics.com/API/v3/surveys\n",
    "//evil.example/API/v3/surveys",
    "/API/v3/surveys?offset=100",
    "surveys?offset=100",
    "ftp://fra1.qualtrics.com/API/v3/surveys",
    "http://127.0.0.1:8900/API/v3/surveys",
    "string",
    "",
    None,
    7,
    {"url": "x"},
    "https://" + "a" * 10_000,
    "https://fra1.qualtrics.com/API/v3/" + "a" * 50_000 + "!",
]


@pytest.mark.parametrize("url", PAGES)
def test_next_pages_of_qualtrics_are_followed(url):
    host, path = next_page(url, FRA1, allowed_tests=["127.0.0.1:8900"])
    assert host.origin + path == url


@pytest.mark.parametrize("url", WRONG_PAGES)
def test_other_next_pages_are_not(url):
    with pytest.raises((UnexpectedAnswer, HostRefused)):
        next_page(url, FRA1, allowed_tests=["127.0.0.1:8900"])


def test_a_token_never_goes_from_qualtrics_to_a_test_host_or_back():
    tests = ["127.0.0.1:8900", "127.0.0.1:8901"]
    host, path = next_page("http://127.0.0.1:8901/API/v3/surveys?offset=2", TEST, tests)
    assert (host, path) == (Host("127.0.0.1:8901", is_test=True), "/API/v3/surveys?offset=2")
    for url in (
        "https://fra1.qualtrics.com/API/v3/surveys",
        "http://127.0.0.1:8902/API/v3/surveys",
        "https://127.0.0.1:8901/API/v3/x",
    ):
        with pytest.raises((UnexpectedAnswer, HostRefused)):
            next_page(url, TEST, tests)


@given(
    st.sampled_from(["https://", "http://", "//", ""]),
    st.sampled_from(["fra1.qualtrics.com", "evil.example", "fra1.qualtrics.com@evil.example", "127.0.0.1:8900"])
    | st.text(max_size=20),
    st.sampled_from(["/API/v3/", "/API/v3", "/"]),
    st.text(max_size=30) | st.sampled_from(EVIL),
)
def test_every_followed_page_is_in_the_api_of_qualtrics(scheme, name, base, rest):
    try:
        host, path = next_page(scheme + name + base + rest, FRA1, allowed_tests=["127.0.0.1:8900"])
    except (UnexpectedAnswer, HostRefused):
        return
    target = sent_to(host, path)
    assert target.scheme == "https"
    assert target.netloc.endswith(".qualtrics.com")
    assert target.path.startswith(BASE)
    assert ".." not in target.path.split("/")
