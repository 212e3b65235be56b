# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module promises. The tests hold the modules to it."""

    # A module that manages an object
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would do, and the object as it would be, without changing anything.
    support: full
    details:
      - If a whole run is in check mode, tasks on the controller that only talk to APIs build on what earlier ones would have made, info modules too.
        What only the API can give out, such as an id, is V(null) until it is there. With the variable C(storpool_cloudstack_foresee) set to V(false), or
        the environment variable E(STORPOOL_CLOUDSTACK_FORESEE), a task neither sees nor tells what would be.
  diff_mode:
    description: Returns the object before and after, in C(diff) mode.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""

    # A module that only reads
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode), where it does the same.
    support: full
    details:
      - This module does not change anything.
  diff_mode:
    description: Returns the object before and after, in C(diff) mode.
    support: N/A
    details:
      - This module does not change anything.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
    details:
      - This module does not change anything.
"""

    # A module of the action group storpool
    STORPOOL = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.storpool) in C(module_defaults) to set the connection once for all modules of the group.
    support: full
    membership:
      - storpool.cloudstack.storpool
"""

    # A module of the action group cloudstack
    CLOUDSTACK = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.cloudstack) in C(module_defaults) to set the connection once for all modules of the group.
    support: full
    membership:
      - storpool.cloudstack.cloudstack
"""

    # A module of both action groups
    BOTH = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.cloudstack) and C(group/storpool.cloudstack.storpool) in C(module_defaults) to set both connections once.
    support: full
    membership:
      - storpool.cloudstack.cloudstack
      - storpool.cloudstack.storpool
"""

    # A module that only talks to APIs
    DIRECT = r"""
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
    details:
      - On the controller itself (connection C(local), neither C(become) nor C(async), the Python that runs Ansible), the module runs in a process that
        Ansible's worker forks, instead of being packed, copied and started with a Python of its own. That is the same, but for the time that it takes.
      - With C(-vvv), every task says which way it was run, and why. The variable C(storpool_cloudstack_direct) and the environment variable
        E(STORPOOL_CLOUDSTACK_DIRECT), which Ansible itself has to be started with, switch it off if they are V(false).
"""
