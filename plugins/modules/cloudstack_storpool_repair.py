# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_storpool_repair
short_description: Repair where CloudStack and StorPool do not agree
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Finds what M(storpool.cloudstack.cloudstack_storpool_audit) finds, and repairs the kinds of findings that O(codes) names, in StorPool only. CloudStack's
    book is never changed.
  - Each object is looked at again, on both sides, in the moment before it is repaired, and once more afterwards. What is no longer so is left alone.
  - Nothing that any volume or snapshot of CloudStack's names is ever deleted, whatever its state, and nothing is detached from a program that has it open.
  - What cannot be repaired safely is not. It is returned with what to do about it.
notes:
  - For C(dangling_attachment) and C(double_attachment), volumes are detached from where their VM does not run. For C(missing_attachment), a volume that is
    attached nowhere is attached to the host of its VM.
  - For C(size_differs), volumes are only made larger. For C(template_differs), C(limit_differs) and C(tags_differ), volumes are given what CloudStack and its
    offerings say.
  - For C(orphan_volume), C(orphan_snapshot) and C(left_temporary), objects are deleted in StorPool, for good. Do not name these codes if another cloud uses
    one of the StorPool templates, which only you can know.
  - A repair that fails does not keep the others from being done. The task fails at the end, and C(error.failed) has all that failed.
options:
  codes:
    description:
      - The kinds of findings to repair. None by default.
    type: list
    elements: str
    default: []
    choices:
      - dangling_attachment
      - missing_attachment
      - double_attachment
      - orphan_volume
      - orphan_snapshot
      - size_differs
      - template_differs
      - limit_differs
      - tags_differ
      - left_temporary
  at_most:
    description:
      - The task does nothing and fails if more findings than this would be repaired.
    type: int
    default: 10
  only:
    description:
      - Only what is about these objects, as the audit names them in C(object), or by their name or id. The task fails if no finding is about one of them.
    type: list
    elements: str
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.cloudstack) and C(group/storpool.cloudstack.storpool) in C(module_defaults) to set both connections once.
    support: full
    membership:
      - storpool.cloudstack.cloudstack
      - storpool.cloudstack.storpool
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool
  - storpool.cloudstack._cloudstack.books
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_storpool_audit
"""

EXAMPLES = r"""
- name: See what would be repaired
  storpool.cloudstack.cloudstack_storpool_repair:
    codes:
      - dangling_attachment
      - tags_differ
    clients:
      kvm1: 1
      kvm2: 2
      kvm3: 3
  check_mode: true
  register: foreseen

- name: Detach volumes from hosts where their VM does not run
  storpool.cloudstack.cloudstack_storpool_repair:
    codes:
      - dangling_attachment
    clients:
      kvm1: 1
      kvm2: 2
      kvm3: 3

- name: Delete orphans that are older than a month, but no more than a hundred
  storpool.cloudstack.cloudstack_storpool_repair:
    codes:
      - orphan_volume
      - orphan_snapshot
    min_age: 30d
    at_most: 100
"""

RETURN = r"""
repaired:
  description: What was repaired, or in check mode would be.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: What kind of finding it is.
      type: str
      returned: success
    severity:
      description: V(error), V(warning) or V(info).
      type: str
      returned: success
    object:
      description: What it is about, the same in every run.
      type: str
      returned: success
    cloudstack:
      description: What CloudStack says of it, V(null) if it does not know it.
      type: dict
      returned: success
    storpool:
      description: What StorPool says of it, V(null) if it does not know it.
      type: dict
      returned: success
    message:
      description: What is wrong, for a person.
      type: str
      returned: success
    next:
      description: What to do.
      type: str
      returned: success
    repair:
      description: What M(storpool.cloudstack.cloudstack_storpool_repair) would do. V(null) if it offers nothing.
      type: str
      returned: success
    actions:
      description: What was done.
      type: list
      elements: str
      returned: success
left:
  description: Findings with these codes that were left alone.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: What kind of finding it is.
      type: str
      returned: success
    severity:
      description: V(error), V(warning) or V(info).
      type: str
      returned: success
    object:
      description: What it is about, the same in every run.
      type: str
      returned: success
    cloudstack:
      description: What CloudStack says of it, V(null) if it does not know it.
      type: dict
      returned: success
    storpool:
      description: What StorPool says of it, V(null) if it does not know it.
      type: dict
      returned: success
    message:
      description: What is wrong, for a person.
      type: str
      returned: success
    next:
      description: What to do.
      type: str
      returned: success
    repair:
      description: What M(storpool.cloudstack.cloudstack_storpool_repair) would do. V(null) if it offers nothing.
      type: str
      returned: success
    result:
      description: Why it was left alone.
      type: str
      returned: success
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample:
    - detach volume 'ROOT-23' from client 1
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr) and C(transient).
    - After a repair that failed, C(repaired) is what was done all the same, and C(failed) what was not, each with C(code), C(object) and C(msg).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listVolumes
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.reading import Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.run import REPAIR, repair
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import identity, other_half
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as Cloud
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.options import (
    CONNECTION as TO_CLOUDSTACK,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import open_api
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.hosts import known
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import (
    Reader as Cluster,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import (
    keys_of,
    owner_of,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.times import duration
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import (
    CONNECTION as TO_STORPOOL,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect as connect_to_storpool


def main() -> None:
    module = Module({"argument_spec": dict(REPAIR["argument_spec"], **dict(TO_CLOUDSTACK, **TO_STORPOOL))})

    def work() -> t.Mapping[str, t.Any]:
        storpool = connect_to_storpool(module)
        both = Sides(
            Cloud(open_api(module, TimeLeft())),
            Cluster(storpool),
            identity.is_storpool,
            identity.template_of,
            other_half.reference,
            keys_of,
            owner_of,
            lambda: known(None, "clients", module.warn),
        )
        result = repair(both, module.params, duration, storpool.apply, storpool.endpoint.retries, module.check_mode)
        if module._diff:
            found = [each["message"] for each in result["repaired"]]
            result["diff"] = {"before": {"findings": found}, "after": {"findings": []}}
        return result

    finish(module, work)


if __name__ == "__main__":
    main()
