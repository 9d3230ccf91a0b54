"""The gateway's table of routes, read as nginx reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

NGINX_CONF = Path(__file__).parents[2] / "deploy" / "gateway" / "nginx.conf"
_MAP = re.compile(r"map \$uri \$service \{(.*?)^\s*\}", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r'^\s*(?P<source>"[^"]*"|\S+)\s+(?P<value>"[^"]*"|\S+);')


@dataclass(frozen=True)
class Routes:
    """`map $uri $service`: exact strings first, then expressions in their order, then the default."""

    exact: dict[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]
    default: str

    def service(self, path: str) -> str:
        """Who answers this path; empty if nobody."""
        if path in self.exact:
            return self.exact[path]
        return next((value for pattern, value in self.patterns if pattern.search(path)), self.default)


def read_routes(conf: Path = NGINX_CONF) -> Routes:
    """The table of that file; `ValueError` if there is none or a line cannot be read."""
    found = _MAP.search(conf.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{conf} has no map of $uri to $service")
    exact: dict[str, str] = {}
    patterns: list[tuple[re.Pattern[str], str]] = []
    default = ""
    for line in found.group(1).strip().splitlines():
        read = _LINE.match(line)
        if read is None:
            raise ValueError(f"this line of the map cannot be read: {line}")
        source, value = read["source"].strip('"'), read["value"].strip('"')
        if source == "default":
            default = value
        elif source.startswith("~*"):
            patterns.append((re.compile(source[2:], re.IGNORECASE), value))
        elif source.startswith("~"):
            patterns.append((re.compile(source[1:]), value))
        else:
            exact[source] = value
    return Routes(exact, tuple(patterns), default)
