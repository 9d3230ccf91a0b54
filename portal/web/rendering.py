"""Makes HTML: templates of the rooms, the components of the design system, sentences, dates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from portal.web import dates
from portal.web.assets import Assets
from portal.web.laws import name_law
from portal.web.words import PORTAL, Words
from shared.http.language import Language


class Renderer:
    """Renders `room/page.html` of a room's `templates` folder."""

    def __init__(self, words: Words, assets: Assets, folder: Path = PORTAL, *, is_trial: bool) -> None:
        """Compile nothing yet: each template at its first use, then kept."""
        rooms = {path.parent.name: FileSystemLoader(path) for path in folder.glob("*/templates")}
        self._words = words
        self._environment = Environment(
            loader=PrefixLoader(rooms),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            auto_reload=False,
        )
        self._environment.globals.update(load_components())
        self._environment.globals.update(asset=assets.url, is_trial=is_trial, rupiah=dates.write_rupiah)
        self._environment.tests["told_sentence"] = lambda key, room: words.tells(room, key)
        self._environment.tests["known_sentence"] = lambda key, room: words.knows(room, key)

    def render(self, template: str, language: Language, facts: Mapping[str, Any]) -> str:
        """Return the page in that language."""
        room = template.partition("/")[0]
        return self._environment.get_template(template).render(
            t=partial(self.sentence, language, room),
            language=language,
            room=room,
            date=partial(dates.write_date, language=language),
            born=partial(dates.write_birth_date, language=language),
            short_date=partial(dates.write_short_date, language=language),
            moment=partial(dates.write_moment, language=language),
            clock=partial(dates.write_clock, language=language),
            law=partial(name_law, language=language),
            said=partial(read_said, language=language),
            **facts,
        )

    def sentence(self, language: Language, room: str, key: str, /, **facts: Any) -> str | Markup:
        """Return a sentence; facts are escaped, and a sentence may hold `<b>` and links of its own (`_html` keys)."""
        if key.endswith("_html"):
            safe = {name: Markup.escape(value) for name, value in facts.items()}
            return Markup(self._words.sentence(language, room, key, safe))  # noqa: S704 - our own words, facts escaped
        return self._words.sentence(language, room, key, facts)


def read_said(view: Mapping[str, Any], name: str, language: Language) -> Any:
    """Return a text that the API answers in both languages: `title_in_indonesian` beside `title`."""
    return view[f"{name}_in_indonesian"] if language == "id" else view[name]


@cache
def load_components() -> Mapping[str, Any]:
    """Return the macros of the design system by name (`govukButton`); compiling them takes half a second, once.

    They have an environment of their own: they leave out what they are not given, which in our templates is a fault.
    """
    environment = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}), autoescape=True
    )
    found: dict[str, Any] = {}
    for name in environment.list_templates(filter_func=lambda name: name.endswith("/macro.html")):
        module = environment.get_template(name).module
        found |= {macro: getattr(module, macro) for macro in dir(module) if macro.startswith("govuk")}
    return found


PAGE_TYPE: Final = "text/html"
