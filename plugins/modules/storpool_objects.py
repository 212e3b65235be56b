# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_objects
short_description: Manage many StorPool volumes, snapshots, templates and attachments in one task
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Brings a whole set of objects into the states that the task describes. Each item has the options, the rules and the errors of the module for one such
    object.
  - Each list is read from the API once, what is to be done is planned from that, and it is done over several connections at once.
  - What others need comes first. Templates come before what is made with them, volumes before their snapshots, snapshots before the volumes that are made
    from them, and attachments at the end. What is deleted comes after all of that, unless something else in the task is to have its name.
  - An object that fails does not hold up the others, except for those that need it. The task fails at the end and says what failed and why, objects that
    failed for the same reason together. Run it again, and it does what is left.
notes:
  - In every text of an item a range such as V({0001..1000}) can be written, as in V(vol-{0001..1000}). The item then stands for as many objects. If there
    are several ranges in an item they count together, so they must be equally long. Numbers are as wide as those in the range are written.
  - O(allow_foreign) is for all items, and for O(prune); an item may have it for itself.
  - An item that is wrong in itself, such as one with an option that its module does not have, fails the task before anything is changed.
options:
  templates:
    description:
      - StorPool templates, with the options of M(storpool.cloudstack.storpool_template).
    type: list
    elements: dict
  volumes:
    description:
      - Volumes, with the options of M(storpool.cloudstack.storpool_volume).
    type: list
    elements: dict
  snapshots:
    description:
      - Snapshots, or groups of snapshots, with the options of M(storpool.cloudstack.storpool_snapshot).
    type: list
    elements: dict
  attachments:
    description:
      - What shall be attached or detached, with the options that M(storpool.cloudstack.storpool_attach) has for one volume or snapshot.
      - All that is to be changed goes into few calls.
    type: list
    elements: dict
  set:
    description:
      - A name for what the lists describe. The volumes and snapshots in them get it as a tag, V(ansible-volume-set) or V(ansible-snapshot-set).
      - What has the tag of another set is not touched.
      - The name is a value of a tag. It may have letters, digits, C(_), C(-), C(.) and C(:).
    type: str
  prune:
    description:
      - Delete the volumes and snapshots that have the tag of O(set) and are not in the list of their kind.
      - Only kinds whose list is given are pruned. Without O(snapshots), or with V(null) for it, no snapshot is deleted; with V([]), all that the set has are.
        So at least one of O(volumes) and O(snapshots) has to be given.
      - StorPool templates and attachments have no tags, so they are never pruned.
      - Some clusters copy tags to the clones of a volume. A clone that was made by other means may then seem to belong to the set; see it in check mode.
      - What belongs to another system is not deleted, whatever tag it has, unless O(allow_foreign) is set.
    type: bool
    default: false
  prune_max:
    description:
      - How many objects O(prune) may delete in one task. If there are more, nothing at all is done, and the error says which they are.
      - Without it, at most ten, and no more than the volumes and snapshots in the lists of those kinds. So a list that is empty, or much shorter than
        before, by mistake deletes nothing.
    type: int
  prune_on_attached:
    description:
      - What to do if something that O(prune) deletes is attached.
      - V(fail) refuses to delete it. V(detach) detaches it, unless a program has it open. V(detachForce) takes it away from programs that have it open.
    type: str
    choices: [fail, detach, detachForce]
    default: fail
  concurrency:
    description:
      - How many connections to the API to use at once, 1 to 64.
    type: int
    default: 8
  progress:
    description:
      - Whether to say on the terminal how far the task is, while it runs. V(auto) does so if the output is a terminal.
      - The task then is done in parts of about ten seconds, each of which reads the lists anew. With V(never), in check mode, and in a task with C(async), it
        is done in one.
    type: str
    choices: [auto, always, never]
    default: auto
  _slice:
    description:
      - Which part of the task to do. The action plugin sets it to say how far the task is; it is not for playbooks.
    type: dict
  return_objects:
    description:
      - Return all objects of the task, unchanged ones too, as the modules for single objects return them. Ten thousand volumes are some 5 MB.
      - If the task fails, RV(results) then has all that became of objects. Otherwise it is short by then, since Ansible prints the results of tasks that fail.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.multicluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_template
  - module: storpool.cloudstack.storpool_volume
  - module: storpool.cloudstack.storpool_snapshot
  - module: storpool.cloudstack.storpool_attach
"""

EXAMPLES = r"""
- name: A hundred volumes that are alike, half of them attached to client 2 and half to client 3
  storpool.cloudstack.storpool_objects:
    volumes:
      - name: web-{001..100}
        size: 10GiB
        template: hybrid
        tags:
          owner: web
    attachments:
      - volume: web-{001..050}
        client: 2
      - volume: web-{051..100}
        client: 3

- name: A template, a golden volume, its snapshot, and thirty volumes made from that
  storpool.cloudstack.storpool_objects:
    templates:
      - name: desktops
        replication: 3
        place_all: ssd
    volumes:
      - name: golden
        size: 20GiB
        template: desktops
      - name: desktop-{01..30}
        parent: golden-1
    snapshots:
      - name: golden-1
        volume: golden

- name: All that the shop has
  storpool.cloudstack.storpool_objects:
    set: shop
    volumes:
      - name: shop-db
        size: 50GiB
        template: ssd
        iops: 5000
      - name: shop-cache-{1..4}
        size: 5GiB
        template: hybrid
    snapshots:
      - name: shop-db-empty
        volume: shop-db

- name: The shop needs less, and what it no longer needs shall go
  storpool.cloudstack.storpool_objects:
    set: shop
    prune: true
    prune_max: 4
    volumes:
      - name: shop-db
        size: 50GiB
      - name: shop-cache-{1..2}
    snapshots:
      - name: shop-db-empty

- name: The hundred volumes go away
  storpool.cloudstack.storpool_objects:
    volumes:
      - name: web-{001..100}
        state: absent
        on_attached: detach
"""

RETURN = r"""
summary:
  description: With how many objects what has been done, or in check mode would be done.
  returned: always, unless the task as a whole is refused
  type: dict
  sample:
    created: 998
    updated: 1
    deleted: 0
    unchanged: 0
    failed: 1
    not_tried: 0
  contains:
    created:
      description: Objects that did not exist.
      type: int
      returned: always
    updated:
      description: Objects that were changed. What is attached or detached counts as one object, however many clients have it.
      type: int
      returned: always
    deleted:
      description: Objects that no longer exist.
      type: int
      returned: always
    unchanged:
      description: Objects that were as they shall be.
      type: int
      returned: always
    failed:
      description: Objects that are not as they shall be.
      type: int
      returned: always
    not_tried:
      description: Objects that were left alone because they need one that failed.
      type: int
      returned: always
results:
  description:
    - What became of each object, or in check mode would become of it, in the order of the lists. Objects that are pruned come last.
    - Objects that were left unchanged are not among them; they are only counted, in RV(summary).
    - If the task fails and there are more than twenty, only one for each of RV(failures) is here, unless O(return_objects) is set.
    - All items that attach or detach the same object are one.
  returned: always, unless the task as a whole is refused
  type: list
  elements: dict
  sample:
    - kind: volume
      object: volume 'web-001'
      name: web-001
      item: volumes[0]
      result: created
      actions:
        - create volume 'web-001' of 10 GiB
      msg: null
      error: null
      call: null
  contains:
    kind:
      description: V(template), V(volume), V(snapshot) or V(attachment).
      type: str
      returned: always
    object:
      description: The object in words, as error messages call it.
      type: str
      returned: always
    name:
      description: Name of the object, V(null) if it has none. Of an attachment, the name or C(~) and global id that the item gives.
      type: str
      returned: always
    item:
      description: The item of the task, such as V(volumes[0]). V(null) if the object is pruned.
      type: str
      returned: always
    result:
      description: V(created), V(updated), V(deleted), V(failed) or V(not_tried).
      type: str
      returned: always
    actions:
      description: What was done, or in check mode would be done, in words. Of an object that failed, what was done before.
      type: list
      elements: str
      returned: always
    msg:
      description: Why the object failed or was not tried, else V(null).
      type: str
      returned: always
    error:
      description: What kind of failure it was, as the single modules return it, else V(null).
      type: dict
      returned: always
    call:
      description: The API call that failed, V(null) if none did.
      type: str
      returned: always
results_left_out:
  description: How many objects are not in RV(results) because the task failed and there are many.
  returned: failure, if some are left out
  type: int
  sample: 1999
failures:
  description:
    - What failed and what was not tried, objects of one kind that failed for the same reason together; at most twenty such groups, the largest first.
    - Where there would be more, those whose reasons differ only in names and numbers are one group, and the first reason stands for all of them.
  returned: failure, if objects failed
  type: list
  elements: dict
  sample:
    - kind: volume
      result: failed
      count: 1999
      msg: There is no StorPool template 'hybird'; did you mean 'hybrid'? There are hybrid and ssd.
      error:
        kind: not_found
      call: null
      names:
        - web-0001
        - web-0002
      items:
        - volumes[0]
  contains:
    kind:
      description: V(template), V(volume), V(snapshot) or V(attachment).
      type: str
      returned: always
    result:
      description: V(failed) or V(not_tried).
      type: str
      returned: always
    count:
      description: How many objects there are of the group.
      type: int
      returned: always
    msg:
      description: Why they failed or were not tried.
      type: str
      returned: always
    error:
      description: What kind of failure it was, as the single modules return it; of the first object. V(null) if it was not tried.
      type: dict
      returned: always
    call:
      description: The API call that failed, of the first object. V(null) if none did.
      type: str
      returned: always
    names:
      description: The names of the first twenty objects.
      type: list
      elements: str
      returned: always
    items:
      description: The first twenty items of the task that they are of.
      type: list
      elements: str
      returned: always
templates:
  description:
    - The StorPool templates of the task that exist now, or in check mode would exist, as M(storpool.cloudstack.storpool_template) returns them. Those that
      failed are not among them.
  returned: if O(return_objects=true), unless the task as a whole is refused
  type: list
  elements: dict
volumes:
  description:
    - The volumes of the task that exist now, or in check mode would exist, as M(storpool.cloudstack.storpool_volume) returns them. Those that failed are not
      among them.
  returned: if O(return_objects=true), unless the task as a whole is refused
  type: list
  elements: dict
  sample:
    - name: web-001
      global_id: abcd.b.12
      device: /dev/storpool/web-001
      size: 10737418240
snapshots:
  description:
    - The snapshots of the task that exist now, or in check mode would exist, as M(storpool.cloudstack.storpool_snapshot) returns them. Those that failed are
      not among them.
  returned: if O(return_objects=true), unless the task as a whole is refused
  type: list
  elements: dict
attachments:
  description:
    - All attachments of what O(attachments) names, as M(storpool.cloudstack.storpool_attach) returns them. Those that failed are not among them.
  returned: if O(return_objects=true), unless the task as a whole is refused
  type: list
  elements: dict
  sample:
    - name: web-001
      global_id: abcd.b.12
      snapshot: false
      client: 1
      rights: rw
      device: /dev/storpool/web-001
error:
  description: What kind of failure it was (C(kind)), V(partly_failed) if objects failed; see RV(failures) for the kind of each.
  returned: failure
  type: dict
  sample:
    kind: partly_failed
call:
  description: The API call that failed, if the task as a whole did.
  returned: failure, if an API call failed
  type: str
  sample: GET VolumesList
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk.run import run_bulk


def main() -> None:
    run_bulk()


if __name__ == "__main__":
    main()
