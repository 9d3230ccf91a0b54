#!/usr/bin/env bash
# num2words 0.5.14, Indonesian: text is refused, the command line cannot be used, a currency cannot be named.
#
# Receipts here carry the amount in words. num2words takes a number, or a text that holds one, and its command passes
# what was typed as text; for lang=id (and vi) the text ends in AttributeError, for others it is read. to="currency"
# takes `currency=` in other languages; for id it is a TypeError, and "rupiah" is always said, also of a Decimal with
# two zeros after the point, as money comes from a database: "... koma nol nol" in the cardinal.
#
# What to do: hand over an int, to="cardinal", and write the unit yourself.
# Exit status: 0 as long as it is so, 1 when another behaviour is seen.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check num2words==0.5.14
cd "$work"
changed=0
for language in id en fr; do
  if said=$("$work/venv/bin/num2words" 350000 --lang="$language" 2>/dev/null); then result=read; else result=refused; fi
  echo "num2words 350000 --lang=$language: $result"
  case $language in id) known=refused ;; *) known=read ;; esac
  [ "$result" = "$known" ] || changed=1
done
"$work/venv/bin/python" - <<'PYTHON' || changed=1
import sys
from decimal import Decimal
from importlib.metadata import version

from num2words import num2words

print("num2words", version("num2words"))
wrong = []


def expect(what: str, known: str, *arguments: object, **options: object) -> None:
    try:
        seen = num2words(*arguments, **options)
    except Exception as error:
        seen = type(error).__name__
    print(f"{what}: {seen}")
    if seen != known:
        wrong.append(what)


expect("350000, id", "tiga ratus lima puluh ribu", 350000, lang="id")
expect("'350000', id", "AttributeError", "350000", lang="id")
expect("'350000', en", "three hundred and fifty thousand", "350000", lang="en")
expect("Decimal('350000.00'), id", "tiga ratus lima puluh ribu koma nol nol", Decimal("350000.00"), lang="id")
expect("currency=IDR, id", "TypeError", 350000, lang="id", to="currency", currency="IDR")
expect("currency, id", "tiga ratus lima puluh ribu rupiah", 350000, lang="id", to="currency")
sys.exit(1 if wrong else 0)
PYTHON
[ "$changed" = 0 ] && echo "as described" || echo "changed"
exit "$changed"
