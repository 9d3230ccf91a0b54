from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.errors import CannotDecrypt
from shared.crypto.fields import FieldCipher
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD

NIK = "3204101505900001"


@given(text=st.text(max_size=200), owner=st.text(max_size=20), field=st.text(max_size=20))
def test_what_was_sealed_opens(text: str, owner: str, field: str) -> None:
    cipher = FieldCipher(BOTH)
    assert cipher.open(cipher.seal(text, owner_id=owner, field=field), owner_id=owner, field=field) == text


def test_the_value_names_its_key_and_hides_the_text() -> None:
    sealed = FieldCipher(BOTH).seal(NIK, owner_id="p-1", field="nik")
    assert sealed.startswith("k1.")
    assert NIK not in sealed
    assert sealed != FieldCipher(BOTH).seal(NIK, owner_id="p-1", field="nik")


@pytest.mark.parametrize(("owner", "field"), [("p-2", "nik"), ("p-1", "phone"), ("p-1n", "ik")])
def test_a_value_moved_elsewhere_does_not_open(owner: str, field: str) -> None:
    sealed = FieldCipher(BOTH).seal(NIK, owner_id="p-1", field="nik")
    with pytest.raises(CannotDecrypt):
        FieldCipher(BOTH).open(sealed, owner_id=owner, field=field)


@given(position=st.integers(min_value=3, max_value=60), letter=st.sampled_from("AZaz09-_"))
def test_a_changed_value_does_not_open(position: int, letter: str) -> None:
    sealed = FieldCipher(NEW).seal(NIK, owner_id="p-1", field="nik")
    position = min(position, len(sealed) - 3)
    if sealed[position] == letter:
        return
    with pytest.raises(CannotDecrypt):
        FieldCipher(NEW).open(sealed[:position] + letter + sealed[position + 1 :], owner_id="p-1", field="nik")


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(CannotDecrypt):
        FieldCipher(BOTH).open(text, owner_id="p-1", field="nik")
    with pytest.raises(CannotDecrypt):
        FieldCipher(BOTH).open("k1." + text, owner_id="p-1", field="nik")


def test_keys_rotate() -> None:
    sealed = FieldCipher(OLD).seal(NIK, owner_id="p-1", field="nik")
    cipher = FieldCipher(BOTH)
    assert cipher.needs_rotation(sealed)
    assert cipher.open(sealed, owner_id="p-1", field="nik") == NIK
    renewed = cipher.seal(NIK, owner_id="p-1", field="nik")
    assert not cipher.needs_rotation(renewed)
    with pytest.raises(CannotDecrypt):
        FieldCipher(NEW).open(sealed, owner_id="p-1", field="nik")
