# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image of the hosts: made from Debian's packages, kept in podman's store by a tag that is a digest of its recipe."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.workspace import ROOT

from .layout import Unavailable
from .podman import BUILDERS, execute, listed, podman, require

REPOSITORY = "localhost/storpool-cloudstack-lab"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LOCK = Path("/run/lock/storpool-cloudstack-lab-image")
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "python3",
    "python3-requests",
    "openjdk-17-jre-headless",
    "ca-certificates-java",
    "iproute2",
    "procps",
    "qemu-utils",
)
#: Units of those packages that only cost time in a container.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "getty-static.service",
    "systemd-timesyncd.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
)
#: With this the hosts' Python keeps the code of modules (see ``tests/kept_code``).
KEEPS_CODE = "/usr/lib/python3/dist-packages/kept_code.pth"
FILES = {
    "etc/ssh/sshd_config.d/lab.conf": "PermitRootLogin prohibit-password\nUseDNS no\nMaxSessions 64\nMaxStartups 64\n",
    "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n",
    "etc/systemd/system.conf.d/lab.conf": "[Manager]\nDefaultTimeoutStopSec=15s\n",
    "etc/resolv.conf": "",
    "usr/lib/python3/dist-packages/kept_code.py": (ROOT / "tests/kept_code/kept_code.py").read_text(encoding="utf-8"),
    KEEPS_CODE.lstrip("/"): "import kept_code; kept_code.keep_in('/var/cache/kept_code')\n",
}
EXCLUDED = ("/usr/share/doc/*", "/usr/share/locale/*")
BUILD_SECONDS = 900
IMPORT_SECONDS = 300


def ensure() -> str:
    """The name of the image; it is built first if it is not in podman's store, by one process at a time."""
    name = tag()
    if not _exists(name):
        require(BUILDERS)
        with _alone():
            if not _exists(name):
                _build(name)
                _forget_others(name)
    return name


def _exists(name: str) -> bool:
    return execute(["podman", "image", "exists", name], check=False).returncode == 0


def tag() -> str:
    """The name that the image of the present recipe has, or will have."""
    recipe = json.dumps([_codename(), PACKAGES, MASKED, FILES, EXCLUDED], sort_keys=True)
    return f"{REPOSITORY}:{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def _codename() -> str:
    """The release of this machine, which the hosts get, too: its mirrors and keys are those that apt knows here."""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        name, _equals, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    raise Unavailable("The hosts of the lab are of this machine's Debian release, and this is no Debian.")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with LOCK.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="lab-image-") as scratch:
        top = Path(scratch)
        overlay = top / "overlay"
        for path, text in FILES.items():
            (overlay / path).parent.mkdir(parents=True, exist_ok=True)
            (overlay / path).write_text(text, encoding="utf-8")
        for unit in MASKED:
            link = overlay / "etc/systemd/system" / unit
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to("/dev/null")
        archive = top / "host.tar"
        hooks = (
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED),
            f"--customize-hook=sync-in {overlay} /",
        )
        bootstrap(archive, PACKAGES, hooks)
        podman("import", "--quiet", str(archive), name, timeout=IMPORT_SECONDS)


def bootstrap(archive: Path, packages: Sequence[str], more: Sequence[str] = ()) -> None:
    """A file system with these packages of this machine's release as an archive; ``more`` are options of mmdebstrap."""
    settings = archive.with_suffix(".apt.conf")
    settings.write_text(apt_settings(), encoding="utf-8")
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        f"--aptopt={settings}",
        *([f"--keyring={KEYRING}"] if KEYRING.exists() else []),  # beside what /etc/apt/trusted.gpg.d has
        *more,
        '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/apt/sources.list',
        '--customize-hook=rm -rf "$1"/etc/apt/sources.list.d',
        _codename(),
        str(archive),
        "-",
    ]
    execute(command, timeout=BUILD_SECONDS, given="".join(f"{line}\n" for line in sources()).encode())


def sources() -> list[str]:
    """The lines of a sources.list for this release, from the mirrors that apt has here."""
    codename = _codename()
    suites = "|".join(re.escape(codename + pocket) for pocket in ("", "-updates", "-security"))
    # Not indextargets, which knows only what apt-get update has fetched.
    uris = execute(["apt-get", "--print-uris", "update"]).stdout.decode()
    found = dict.fromkeys(re.findall(rf"(?m)^'(\S+)/dists/({suites})/InRelease'", uris))
    lines = [f"deb {uri} {suite} main" for uri, suite in found]
    if not lines:
        raise Unavailable(f"apt knows no mirror of Debian {codename} here: name one in /etc/apt/sources.list.")
    return lines


def apt_settings() -> str:
    """How apt fetches here (proxies, certificates, patience), as a configuration file."""
    dump = execute(["apt-config", "dump", "Acquire"]).stdout.decode()
    wanted = ("Acquire::http", "Acquire::Retries", "Acquire::Check-", "Acquire::ForceIP")
    return "".join(f"{line}\n" for line in dump.splitlines() if line.startswith(wanted))


def _forget_others(name: str) -> None:
    """Images of recipes that have changed are of no use; one that containers still use stays until the next time."""
    for image in listed("image", "ls", "--filter", f"reference={REPOSITORY}"):
        for other in image.get("Names") or []:
            if other != name:
                podman("image", "rm", other, check=False)
