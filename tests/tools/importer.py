# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection as for Ansible Galaxy and imports it as Galaxy would: any error fails, warnings are shown.

Galaxy's run of ansible-lint is left out: the stage has a check of its own for that, with the strictest profile.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .processes import end_with_us, run
from .workspace import BUILD, NAME, NAMESPACE, STAGE, env_bin, environment

DIST = BUILD / "dist"
TIMEOUT = 600  # seconds, each for building and importing


def main() -> int:
    env = environment("lint")
    build: list[str | Path] = [
        env_bin("lint") / "ansible-galaxy",
        "collection",
        "build",
        "--force",
        "--output-path",
        DIST,
    ]
    built = run(build, "lint/build", TIMEOUT, env, STAGE)
    artifacts = re.findall(rf"{NAMESPACE}-{NAME}-[\w.+-]+\.tar\.gz", built.output)
    if not built.ok or not artifacts:
        print(built.output)
        return 1
    scratch = BUILD / "importer"
    scratch.mkdir(parents=True, exist_ok=True)
    config = scratch / "galaxy-importer.cfg"
    config.write_text(
        "[galaxy-importer]\nCHECK_CHANGELOG = True\nRUN_ANSIBLE_DOC = True\nRUN_ANSIBLE_LINT = False\nRUN_FLAKE8 = False\n",
        encoding="utf-8",
    )
    imported = run(
        [env_bin("lint") / "python", "-m", "galaxy_importer.main", DIST / artifacts[0]],
        "lint/import",
        TIMEOUT,
        {**env, "GALAXY_IMPORTER_CONFIG": str(config)},
        scratch,
    )
    notable = [line for line in imported.output.splitlines() if re.match(r"(WARNING|ERROR)", line)]
    done = imported.ok and "Importer processing completed successfully" in imported.output
    print("\n".join(notable) if done else imported.output)
    return 0 if done and not any(line.startswith("ERROR") for line in notable) else 1


if __name__ == "__main__":
    end_with_us()
    sys.exit(main())
