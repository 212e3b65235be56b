# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``storpool_confget [-s HOST] [-S] [NAME...]``: the variables of StorPool's configuration, one ``NAME=value`` a line."""

from __future__ import annotations

import argparse
import shlex
import sys

from . import configuration


def main() -> int:
    """Print the variables, or those that are named; exit status 1 if there is no configuration."""
    parser = argparse.ArgumentParser(prog="storpool_confget")
    parser.add_argument("-s", dest="section", default="", metavar="HOST", help="as this host sees them")
    parser.add_argument("-S", dest="quoted", action="store_true", help="values quoted for a shell")
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    try:
        values = configuration.variables(given.section)
    except configuration.NotConfigured as problem:
        print(f"storpool_confget: {problem}", file=sys.stderr)
        return 1
    for name in given.names or values:
        if name in values:
            print(f"{name}={shlex.quote(values[name]) if given.quoted else values[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
