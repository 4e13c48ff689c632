"""Reading and checking a message, without database or HTTP."""

import json
from urllib.parse import urlencode

import pytest

from integrations.qualtrics.events import Completed, Message, NotAMessage, NotSigned, open_message, read_form
from integrations.vault.secret import Secret

# (key, MSG, HMAC); the HMACs were computed by OpenSSL's command line, not by this code.
VECTORS = [
    (
        "k3y-of-northwind",
        '{"Status":"Complete","SurveyID":"SV_4rTq9LmX2bWc7Ks","ResponseID":"R_3kQ9LmX2bWc7KsT",'
        '"CompletedDate":"2026-11-03 02:17:41","BrandID":"northwind"}',
        "01f34933bcf2d973f5358a69b7df499e80003533e65ff0b3309dcfeea678d5ff"
        "77b2132f61eb5d66335b0fbd840a841bd62d1d80333c5d21cfaba57a563eea23",
    ),
    (
        "Zäh & lang: 0123456789",
        '{"Status":"Complete","SurveyID":"SV_8hYk2Pq0nVd5RzE","RecipientID":"CGC_2sVn8Kd0LmQx7Pw",'
        '"ResponseEventContext":"","DistributionID":"","ResponseID":"R_1dQz8Xn4Gk2LpVb",'
        '"CompletedDate":"2026-10-12 23:59:07","CreatorID":"UR_5xKc7Tn3","DistributionChannel":"anonymous"}',
        "18bcc1f437f653fa2f9b5824e67a298b86a708fb44fe1569b75b5cebe71f38b2"
        "99dd78ba9ea93ebe5a5d36c178b438ac22b8b606922d7f864805eb088917d370",
    ),
]


def told_by(text: str) -> Completed:
    facts = json.loads(text)
    return Completed(facts["SurveyID"], facts["ResponseID"])


def topic(text: str) -> str:
    return f"northwind.surveyengine.completedResponse.{json.loads(text)['SurveyID']}"


@pytest.mark.parametrize(("key", "text", "mac"), VECTORS)
@pytest.mark.parametrize("order", [("HMAC", "MSG", "Topic"), ("Topic", "HMAC", "MSG")])
def test_known_vectors_open_in_every_order_of_fields(key, text, mac, order):
    fields = {"Topic": topic(text), "HMAC": mac, "MSG": text}
    body = urlencode({name: fields[name] for name in order}).encode()
    assert open_message(read_form(body), [Secret("another"), Secret(key)]) == told_by(text)


@pytest.mark.parametrize(("key", "text", "mac"), VECTORS)
def test_spaces_may_be_written_in_both_ways(key, text, mac):
    body = urlencode({"Topic": topic(text), "HMAC": mac.upper(), "MSG": text}).replace("+", "%20").encode()
    assert open_message(read_form(body), [Secret(key)]) == told_by(text)


@pytest.mark.parametrize(("key", "text", "mac"), VECTORS)
def test_json_written_anew_is_not_what_was_signed(key, text, mac):
    anew = json.dumps(json.loads(text))
    assert anew != text
    with pytest.raises(NotSigned):
        open_message(Message(topic(text), mac, anew), [Secret(key)])


def test_the_flat_form_without_signature_is_refused():
    flat = {"Topic": topic(VECTORS[0][1]), **json.loads(VECTORS[0][1])}
    with pytest.raises(NotSigned):
        read_form(urlencode(flat).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"MSG", b"MSG=a&HMAC=b&HMAC=c", b"MSG=%ff&HMAC=b", b"MSG=\xff&HMAC=b", b"&".join([b"a%d=1" % n for n in range(50)])],
)  # fmt: skip
def test_what_is_no_form_is_no_message(body):
    with pytest.raises(NotAMessage):
        read_form(body)
