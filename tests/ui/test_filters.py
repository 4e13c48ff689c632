"""An empty list says whether a filter empties it."""

import pytest
from django.test import RequestFactory

from ui.filters import is_filtered


@pytest.mark.parametrize(
    ("address", "filtered"),
    [("/", False), ("/?page=2", False), ("/?q=rail", True), ("/?q=", True), ("/?page=2&state=done", True)],
)
def test_whatever_is_not_the_page_filters(address, filtered):
    assert is_filtered(RequestFactory().get(address)) is filtered
