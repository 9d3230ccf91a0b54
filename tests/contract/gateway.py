"""The gateway's table of routes, read as nginx reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

NGINX_CONF = Path(__file__).parents[2] / "deploy" / "gateway" / "nginx.conf"
_MAP = re.compile(r"map \$uri \$service \{(.*?)^\s*\}", re.DOTALL | re.MULTILINE)
_LOCATION = re.compile(
    r"^    location (?P<modifier>=|~|~\*|\^~)?\s*(?P<path>\S+) \{\n(?P<rules>.*?)^    \}", re.DOTALL | re.MULTILINE
)
_RULE = re.compile(r"^\s+(?P<name>[a-z_]+) (?P<value>[^;]+);", re.MULTILINE)
_SIZE = {"k": 1024, "m": 1024 * 1024}
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


@dataclass(frozen=True)
class BodyRules:
    """What a location does with the body of a call."""

    most_bytes: int
    buffered: bool
    """Whether it waits in the gateway until it is whole."""
    connections: dict[str, int]
    """By zone: how many calls of one address run at once."""


def read_body_rules(path: str, conf: Path = NGINX_CONF) -> BodyRules:
    """The rules of the location that nginx chooses for this path: exact, then the first expression, then the longest
    beginning."""
    text = conf.read_text(encoding="utf-8")
    usual = dict(_RULE.findall(text.partition("server {")[0]))
    own = _chosen(path, list(_LOCATION.finditer(text)))
    rules = usual | dict(_RULE.findall(own))
    size = rules["client_max_body_size"]
    zones = re.findall(r"limit_conn (\w+) (\d+);", own)
    return BodyRules(
        int(size[:-1]) * _SIZE[size[-1]],
        rules.get("proxy_request_buffering", "on") == "on",
        {zone: int(count) for zone, count in zones},
    )


def _chosen(path: str, locations: list[re.Match[str]]) -> str:
    exact = [each["rules"] for each in locations if each["modifier"] == "=" and each["path"] == path]
    fitting = [
        each["rules"]
        for each in locations
        if each["modifier"] == "~" and re.search(each["path"].replace("(?<", "(?P<"), path)
    ]
    beginning = [each for each in locations if each["modifier"] is None and path.startswith(each["path"])]
    longest = max(beginning, key=lambda each: len(each["path"]))["rules"]
    return (exact + fitting + [longest])[0]


def passes_to(path: str, conf: Path = NGINX_CONF) -> str:
    """Where the location that nginx chooses for this path passes a call on: the address as it is written; empty where
    it answers by itself."""
    rules = dict(_RULE.findall(_chosen(path, list(_LOCATION.finditer(conf.read_text(encoding="utf-8"))))))
    return rules.get("proxy_pass", "")
