"""Amounts in figures and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.receipts.amounts import LARGEST_AMOUNT, amount_in_words, write_rupiah

ID_WORDS = "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas"
ID_UNITS = {word: number for number, word in enumerate(ID_WORDS.split())}
ID_SIZES = {"ribu": 1000, "juta": 10**6, "miliar": 10**9, "triliun": 10**12}
EN_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
EN_UNITS = {word: number for number, word in enumerate(EN_WORDS.split())} | {
    word: 20 + 10 * number for number, word in enumerate(EN_TENS.split())
}
EN_SIZES = {"thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def read_indonesian(text: str) -> int:
    """The number that the words say, read word by word as a person does."""
    total, group, last = 0, 0, 0
    for word in text.removesuffix(" rupiah").split():
        if word == "belas":
            group, last = group + last + 10, 0
        elif word == "puluh":
            group, last = group + last * 10, 0
        elif word == "ratus":
            group, last = group + last * 100, 0
        elif word == "seratus":
            group += 100
        elif word == "seribu":
            total += 1000
        elif word in ID_SIZES:
            total, group, last = total + (group + last) * ID_SIZES[word], 0, 0
        else:
            assert last == 0, text
            last = ID_UNITS[word]
    return total + group + last


def read_english(text: str) -> int:
    total, group = 0, 0
    for word in text.removesuffix(" rupiah").replace("-", " ").replace(" and ", " ").split():
        if word == "hundred":
            group *= 100
        elif word in EN_SIZES:
            total, group = total + group * EN_SIZES[word], 0
        else:
            group += EN_UNITS[word]
    return total + group


@given(st.one_of(st.integers(0, 2_000_000), st.integers(0, LARGEST_AMOUNT)))
def test_the_words_say_the_figures(amount: int) -> None:
    assert read_indonesian(amount_in_words(amount, "id")) == amount
    assert read_english(amount_in_words(amount, "en")) == amount


@given(st.integers(0, LARGEST_AMOUNT), st.integers(0, LARGEST_AMOUNT))
def test_two_amounts_have_two_sets_of_words(one: int, other: int) -> None:
    for language in ("id", "en"):
        assert (amount_in_words(one, language) == amount_in_words(other, language)) == (one == other)


@pytest.mark.parametrize(
    ("amount", "indonesian", "english"),
    [
        (0, "nol rupiah", "zero rupiah"),
        (11, "sebelas rupiah", "eleven rupiah"),
        (100, "seratus rupiah", "one hundred rupiah"),
        (1_000, "seribu rupiah", "one thousand rupiah"),
        (11_019, "sebelas ribu sembilan belas rupiah", "eleven thousand and nineteen rupiah"),
        (350_000, "tiga ratus lima puluh ribu rupiah", "three hundred and fifty thousand rupiah"),
        (1_000_000, "satu juta rupiah", "one million rupiah"),
        (1_001_000, "satu juta seribu rupiah", "one million one thousand rupiah"),
        (
            1_650_021,
            "satu juta enam ratus lima puluh ribu dua puluh satu rupiah",
            "one million six hundred and fifty thousand and twenty-one rupiah",
        ),
        (10**12, "satu triliun rupiah", "one trillion rupiah"),
    ],
)
def test_amounts_as_people_write_them(amount: int, indonesian: str, english: str) -> None:
    assert amount_in_words(amount, "id") == indonesian
    assert amount_in_words(amount, "en") == english


def test_what_has_no_words_is_refused() -> None:
    assert amount_in_words(LARGEST_AMOUNT, "id").startswith("sembilan ratus sembilan puluh sembilan triliun")
    for amount in (-1, LARGEST_AMOUNT + 1):
        with pytest.raises(ValueError, match="no words"):
            amount_in_words(amount, "id")
    with pytest.raises(ValueError, match="id and en"):
        amount_in_words(1, "jv")


@pytest.mark.parametrize(("amount", "figures"), [(0, "Rp0"), (950, "Rp950"), (1_350_000, "Rp1.350.000")])
def test_figures_have_a_dot_for_thousands(amount: int, figures: str) -> None:
    assert write_rupiah(amount) == figures
