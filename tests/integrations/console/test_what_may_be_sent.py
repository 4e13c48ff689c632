"""No path leads out of the API of the connection, no header replaces one of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.console.calls import NotSendable, read_call
from integrations.qualtrics.paths import api_path

ORIGIN = "https://fra1.qualtrics.com"
LEADING_OUT = [
    "//evil.example", "https://evil.example", "https://evil.example/API/v3/x", "/\\evil.example", "\t//evil.example",
    "@evil.example", "/@evil.example", "..", "/../x", "/v3/../../x", "/surveys/..", "/surveys/%2e%2e/x", "/surveys%2fx",
    "/surveys\r\nHost: evil", "/surveys\n", "/surveys#x", "/surveys/./x", "/surveys//x", "", "/", "/v3/", "\uff0f\uff0fevil",
    "/surveys;x", "/v3//evil.example", "///", "/surveys/\u2024\u2024", "/surveys/\x00", "surveys /x", "javascript:alert(1)//",
]  # fmt: skip


@pytest.mark.parametrize("path", LEADING_OUT)
def test_such_a_path_is_refused(path):
    with pytest.raises(NotSendable):
        read_call("GET", path, headers={})


def leaves(path: str, query: str = "") -> None:
    try:
        call = read_call("GET", path, query=query, headers={})
    except NotSendable:
        return
    whole = ORIGIN + api_path(call.segments, call.query)
    parts = urlsplit(whole)
    assert f"{parts.scheme}://{parts.netloc}" == ORIGIN
    assert parts.path.startswith("/API/v3/")
    assert not {".", "..", ""} & set(parts.path.removeprefix("/API/v3/").split("/"))
    assert parts.fragment == ""
    assert whole.isascii()
    assert whole.isprintable()
    assert " " not in whole


@given(st.text(max_size=60), st.text(max_size=30))
@example("@evil.example:1", "")
@example("v3/x?a=\r\nHost: evil", "b=#c")
def test_whatever_is_typed_the_host_and_the_root_stay(path, query):
    leaves(path, query)


@given(
    st.lists(
        st.sampled_from(["/", "\\", "..", ".", "@", ":", "v3", "API", "%2e", "?", "#", "a", "\t", "\n"]), max_size=9
    )
)
def test_nor_do_the_signs_that_paths_are_made_of_lead_out(parts):
    leaves("".join(parts))


REFUSED_HEADERS = [
    {"X-API-TOKEN": "x"}, {"x-api-token": "x"}, {"X-Api-Token ": "x"}, {" X-API-TOKEN": "x"}, {"X-API-TOKEN\t": "x"},
    {"X_API_TOKEN": "x"}, {"Authorization": "Bearer x"}, {"AUTHORIZATION": "x"}, {"authorization ": "x"},
    {"Proxy-Authorization": "x"}, {"Host": "evil.example"}, {"HOST": "x"}, {"host ": "x"}, {"X-Forwarded-Host": "x"},
    {"X-Forwarded-For": "1.2.3.4"}, {"Forwarded": "host=x"}, {"Content-Length": "0"}, {"content-length": "9"},
    {"Content-Length ": "0"}, {"Transfer-Encoding": "chunked"}, {"transfer-encoding": "x"}, {"TE": "trailers"},
    {"Cookie": "a=b"}, {"cookie": "a=b"}, {"X-HTTP-Method-Override": "DELETE"}, {"x-http-method": "DELETE"},
    {"X-Method-Override": "DELETE"}, {"Connection": "x-api-token"}, {"Upgrade": "h2c"}, {"Expect": "100-continue"},
    {"Referer": "x"}, {"Origin": "x"}, {"": "x"}, {":authority": "evil"}, {"Accept\r\nX-API-TOKEN": "x"},
    {"Accept": "a\r\nX-API-TOKEN: x"}, {"Accept": "a\nb"}, {"Accept": "a\x00b"}, {"Accept": ""}, {"Accept": " a"},
    {"Accept": "a" * 2000}, {"Accept": "\u00e9"}, {"\u0410ccept": "x"}, {"Content-Type": "a\u2028b"},
]  # fmt: skip


@pytest.mark.parametrize("headers", REFUSED_HEADERS, ids=repr)
def test_such_a_header_is_refused(headers):
    with pytest.raises(NotSendable) as refused:
        read_call("POST", "/surveys/x", headers=headers, body="{}")
    assert refused.value.field == "headers"


def test_there_are_forty_of_them():
    assert len(REFUSED_HEADERS) >= 40


@pytest.mark.parametrize("name", ["Accept", "accept", "Content-Type", "Idempotency-Key", "X-COPY-SOURCE"])
def test_such_a_header_may_be_set(name):
    assert read_call("POST", "/surveys", headers={name: "text/plain"}, body="x" * 3 if name == "Content-Type" else "1")
