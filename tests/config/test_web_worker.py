"""How much of a request must have arrived before a thread of the web server takes it."""

from __future__ import annotations

import pytest

from config.web_worker import HELD, bytes_to_wait_for

POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        (b"", 1),
        (b"GET / HT", 9),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r", 27),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0),
        (POST + b"Content-Length: 3\r\n\r\n", len(POST) + 21 + 3),
        (POST + b"content-length:3\r\n\r\nab", len(POST) + 20 + 3),
        (POST + b"Content-Length: 3\r\n\r\nabc", 0),
        (POST + b"Content-Length: 3\r\n\r\nabcGET /next", 0),
        (POST + b"Content-Length: 9999999\r\n\r\n", HELD),
        (POST + b"Content-Length: 9999999\r\n\r\n" + b"a" * HELD, 0),
        (POST + b"Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n", 0),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", 0),
        (POST + b"Content-Length: x\r\n\r\n", 0),
        (POST + b"X-Content-Length: 7\r\n\r\n", 0),
        (b"a" * 20_000, 0),
    ],
)
def test_a_thread_takes_a_request_that_is_whole_or_too_long_to_wait_for(arrived, expected):
    assert bytes_to_wait_for(arrived) == expected
