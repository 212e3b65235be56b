# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module with every fault that a module can have, and one that shows in what it runs. Only for tests."""

from __future__ import annotations

import os
import signal
import sys
import time

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: storpool_faulty
short_description: Has faults
description: [Has faults.]
options:
  how: {description: [Which fault.], type: str, required: true}
  value: {description: [Anything.], type: raw}
  secret: {description: [A secret.], type: str}
author: [storpool]
"""


def spoil(module):
    os.environ["LEFT_BEHIND"] = "yes"
    os.umask(0)
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.argv.append("more")
    module.exit_json(changed=True)


def show(module):
    mask = os.umask(0)
    os.umask(mask)
    module.exit_json(
        changed=False,
        left=os.environ.get("LEFT_BEHIND"),
        given=os.environ.get("GIVEN"),
        home=os.environ.get("HOME"),
        zone=time.tzname[0],
        umask=mask,
        directory=os.getcwd(),
        python=sys.executable,
        sigterm=str(signal.getsignal(signal.SIGTERM)),
        check=module.check_mode,
        diffed=module._diff,
        verbosity=module._verbosity,
        value=module.params["value"],
        kind=type(module.params["value"]).__name__,
        in_ansible="ansible.executor.task_executor" in sys.modules,
    )


def warn(module):
    module.warn("one warning")
    module.warn("another warning")
    module.deprecate("an old option", version="9.0.0", collection_name="storpool.cloudstack")
    module.exit_json(changed=False, msg="warned", diff={"before": "a\n", "after": "b\n"})


def talk(module):
    print("not JSON")
    print("nor this", file=sys.stderr)
    module.exit_json(changed=False, msg="said more than it should")


HOW = {
    "crash": lambda module: 1 / 0,
    "return": lambda module: None,
    "nothing": lambda module: os._exit(3),
    "killed": lambda module: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda module: time.sleep(60),
    "fail": lambda module: module.fail_json(msg="it failed", rc=4, stdout="one\ntwo", results="not a list"),
    "text": lambda module: module.exit_json(msg="\udcff \N{SNOWMAN} \x1b[31m", secret_is=module.params["secret"]),
    "spoil": spoil,
    "show": show,
    "warn": warn,
    "talk": talk,
}


def main():
    spec = {
        "how": {"type": "str", "required": True},
        "value": {"type": "raw"},
        "secret": {"type": "str", "no_log": True},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    HOW[module.params["how"]](module)


if __name__ == "__main__":
    main()
