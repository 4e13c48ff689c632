"""Secrets stay hidden in memory and open only where they belong."""

import base64
import copy
import json
import pickle
import uuid

import orjson
import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integrations.vault.encryption import EnvelopeBroken, KeyMissing, KeyRing, decrypt, encrypt, needs_rewrap
from integrations.vault.secret import MASK, Secret

TOKEN = "kQ3vTz81LmXb2WcR7sYpN5dHf0GjA9eU4oViBt6C"
K1 = "k1:" + base64.b64encode(b"1" * 32).decode()
K2 = "k2:" + base64.b64encode(b"2" * 32).decode()
PLACE = {"table": "integrations_connection", "column": "token", "row": uuid.UUID(int=7), "host": "fra1.qualtrics.com"}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
place_parts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
relaxed = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)


@pytest.fixture(autouse=True)
def ring(settings):
    settings.ENCRYPTION_KEYS = [K1]
    return settings


class TestSecret:
    def test_reveal_is_the_only_way_to_the_value(self):
        secret = Secret(TOKEN)
        shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>60}", f"{secret:s}", "%s" % secret, str([secret])]  # noqa: UP031
        shown += [json.dumps(secret, default=str), orjson.dumps({"a": secret}, default=repr).decode()]
        assert all(TOKEN not in text and MASK in text for text in shown)
        assert secret.reveal() == TOKEN

    @pytest.mark.parametrize("write", [json.dumps, orjson.dumps, pickle.dumps, vars, hash, list])
    def test_it_cannot_be_written_out(self, write):
        with pytest.raises(TypeError) as failure:
            write(Secret(TOKEN))
        assert TOKEN not in str(failure.value)

    def test_every_pickle_protocol_is_refused(self):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="never pickled"):
                pickle.dumps({"token": Secret(TOKEN)}, protocol)

    def test_equality(self):
        assert Secret("a") == Secret("a")
        assert Secret("a") != Secret("b")
        assert Secret("a") != "a"
        assert Secret("\ud800") != Secret("a")
        assert copy.deepcopy(Secret("a")) == Secret("a") == copy.copy(Secret("a"))
        assert not Secret("")
        assert Secret("x")

    def test_only_text_is_wrapped(self):
        with pytest.raises(TypeError):
            Secret(b"bytes")


class TestEnvelope:
    @relaxed
    @given(text=texts, table=place_parts, column=place_parts, row=st.uuids(), host=place_parts)
    def test_decrypt_gives_back_what_was_encrypted(self, text, table, column, row, host):
        place = {"table": table, "column": column, "row": row, "host": host}
        assert decrypt(encrypt(Secret(text), **place), **place).reveal() == text

    @relaxed
    @given(part=st.sampled_from(["table", "column", "row", "host"]), other=place_parts)
    def test_any_other_place_is_refused(self, part, other):
        envelope = encrypt(Secret(TOKEN), **PLACE)
        if str(PLACE[part]) == other:
            return
        with pytest.raises(EnvelopeBroken):
            decrypt(envelope, **{**PLACE, part: other})

    def test_parts_of_the_place_cannot_flow_into_each_other(self):
        envelope = encrypt(Secret(TOKEN), table="ab", column="c", row="r", host="h")
        with pytest.raises(EnvelopeBroken):
            decrypt(envelope, table="a", column="bc", row="r", host="h")
        with pytest.raises(ValueError, match="NUL"):
            encrypt(Secret(TOKEN), table="a\0b", column="c", row="r", host="h")

    def test_every_flipped_bit_is_refused(self):
        envelope = encrypt(Secret("short"), **PLACE)
        for position, bit in ((p, b) for p in range(len(envelope)) for b in range(7)):
            changed = envelope[:position] + chr(ord(envelope[position]) ^ (1 << bit)) + envelope[position + 1 :]
            with pytest.raises((EnvelopeBroken, KeyMissing)):
                decrypt(changed, **PLACE)

    def test_every_cut_is_refused(self):
        envelope = encrypt(Secret("short"), **PLACE)
        for length in range(len(envelope)):
            with pytest.raises((EnvelopeBroken, KeyMissing)):
                decrypt(envelope[:length], **PLACE)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            TOKEN,
            "enc:v1:",
            "enc:v2:k1:AAAA",
            "enc:v1:k1:AAAA",
            "enc:v1:k1:====",
            "enc:v1:k1:é",
            "\n",
            "enc:v1:k1:A",
        ],
    )
    def test_what_is_no_envelope_is_refused(self, text):
        with pytest.raises(EnvelopeBroken):
            decrypt(text, **PLACE)

    def test_a_trailing_newline_is_refused(self):
        with pytest.raises(EnvelopeBroken):
            decrypt(encrypt(Secret(TOKEN), **PLACE) + "\n", **PLACE)

    def test_the_secret_is_not_in_the_envelope_and_two_envelopes_differ(self):
        first, second = encrypt(Secret(TOKEN), **PLACE), encrypt(Secret(TOKEN), **PLACE)
        assert first != second
        assert TOKEN not in first
        assert first.startswith("enc:v1:k1:")


class TestRotation:
    def test_an_old_key_still_decrypts_and_asks_for_a_rewrap(self, ring):
        old = encrypt(Secret(TOKEN), **PLACE)
        assert not needs_rewrap(old)
        ring.ENCRYPTION_KEYS = [K2, K1]
        assert decrypt(old, **PLACE).reveal() == TOKEN
        assert needs_rewrap(old)
        new = encrypt(decrypt(old, **PLACE), **PLACE)
        assert new.startswith("enc:v1:k2:")
        assert not needs_rewrap(new)
        ring.ENCRYPTION_KEYS = [K2]
        assert decrypt(new, **PLACE).reveal() == TOKEN
        with pytest.raises(KeyMissing):
            decrypt(old, **PLACE)

    def test_another_key_under_the_same_id_is_noticed(self, ring):
        envelope = encrypt(Secret(TOKEN), **PLACE)
        ring.ENCRYPTION_KEYS = [K2.replace("k2", "k1")]
        with pytest.raises(EnvelopeBroken):
            decrypt(envelope, **PLACE)

    def test_without_any_key_only_using_secrets_fails(self, ring):
        envelope = encrypt(Secret(TOKEN), **PLACE)
        ring.ENCRYPTION_KEYS = []
        assert needs_rewrap(envelope)
        with pytest.raises(KeyMissing):
            decrypt(envelope, **PLACE)
        with pytest.raises(KeyMissing):
            encrypt(Secret(TOKEN), **PLACE)

    def test_the_secret_key_of_django_plays_no_part(self, ring):
        envelope = encrypt(Secret(TOKEN), **PLACE)
        ring.SECRET_KEY = "another one"
        assert decrypt(envelope, **PLACE).reveal() == TOKEN

    @pytest.mark.parametrize(
        "entries",
        [
            ["k1"],
            ["k1:"],
            ["k1:AAAA"],
            [":" + K1[3:]],
            ["k 1:" + K1[3:]],
            ["k1:not base64 at all!"],
            [K1, K1],
            [K1[3:]],
        ],
    )
    def test_a_wrong_ring_explains_itself_without_showing_keys(self, entries):
        with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS") as failure:
            KeyRing.from_entries(entries)
        assert K1[3:] not in str(failure.value)
        assert "AESGCM" not in repr(KeyRing.from_entries([K1]))
