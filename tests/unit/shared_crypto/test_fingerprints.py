from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.fingerprints import Fingerprints
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD

NIK = "3204101505900001"


def test_one_fingerprint_per_key_the_current_first() -> None:
    prints = Fingerprints(BOTH).all(NIK, "nik")
    assert [each.partition(":")[0] for each in prints] == ["k1", "k0"]
    assert all(re.fullmatch(r"k\d:[0-9a-f]{64}", each) for each in prints)
    assert Fingerprints(BOTH).current(NIK, "nik") == prints[0]


def test_fields_are_kept_apart() -> None:
    prints = Fingerprints(BOTH)
    assert set(prints.all(NIK, "nik")).isdisjoint(prints.all(NIK, "phone"))


def test_while_keys_rotate_an_equal_value_is_always_found() -> None:
    old, both, new = (set(Fingerprints(ring).all(NIK, "nik")) for ring in (OLD, BOTH, NEW))
    assert old & both
    assert both & new
    assert not old & new


def test_what_needs_rotation() -> None:
    prints = Fingerprints(BOTH)
    assert prints.need_rotation(Fingerprints(OLD).all(NIK, "nik"))
    assert not prints.need_rotation(prints.all(NIK, "nik"))
    assert Fingerprints(NEW).need_rotation(list(prints.all(NIK, "nik")))


@given(st.text(), st.text())
def test_equal_values_and_only_they_are_equal(one: str, other: str) -> None:
    prints = Fingerprints(BOTH)
    assert (prints.all(one, "f") == prints.all(other, "f")) == (one == other)
