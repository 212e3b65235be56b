# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of the iSCSI adaptor, changed in its source, and in nothing but its source as it is known."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotRecognised
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.formats import java_source
from standins import cloudstack_source

ORIGINAL = cloudstack_source.adaptor()
CHECK = "localPath.indexOf(search3) == -1"


def method(body, parameter="String localPath"):
    """A source with this in the method."""
    return f"class IscsiAdmStorageAdaptor {{ public boolean disconnectPhysicalDiskByPath({parameter}) {{ {body} }} }}"


def test_one_word_changes_and_a_second_time_none():
    patched = java_source.answering_false(ORIGINAL)
    assert patched == cloudstack_source.adaptor(answer=False)
    assert java_source.answering_false(patched) == patched


@pytest.mark.parametrize(
    "body",
    [
        'if (p.indexOf("-iscsi-") == -1) { return true; } return x;',
        'if (p.indexOf("-iscsi-") < 0) return true; return x;',
        'if (!p.contains("-iscsi-")) { return true; } return x;',
        'final String a = "-lun-"; final String m = "-iscsi-"; if (!p.contains(m)) { /* no */ return /* it */ true; // {\n } return x;',
        'String m = "-iscsi-";\r\n\tif (p.indexOf(m)==-1){return true;}',
    ],
)
@pytest.mark.parametrize("parameter", ["String p", "final String p"])
def test_other_ways_to_write_the_same(body, parameter):
    source = method(body, parameter)
    assert java_source.answering_false(source) == source.replace("true", "false")


@pytest.mark.parametrize(
    "source",
    [
        "",
        ORIGINAL.replace("class Iscsi", "class Other"),
        ORIGINAL.replace("boolean disconnectPhysicalDiskByPath(String", "boolean disconnect(String"),
        ORIGINAL.replace(CHECK, "localPath.indexOf(search2) == -1"),
        ORIGINAL.replace(CHECK, "localPath.indexOf(search3) != -1"),
        ORIGINAL.replace(CHECK, "localPath.indexOf(search3) == -1 || closed"),
        ORIGINAL.replace(CHECK, "other.indexOf(search3) == -1"),
        ORIGINAL.replace("return true;\n        }\n\n        int", "return true && open;\n        }\n\n        int"),
        ORIGINAL.replace("            // the path", "            log(); // the path"),
        ORIGINAL.replace('"-iscsi-"', '"-scsi-"'),
        ORIGINAL.replace("String search1 =", "String search1 = localPath; //"),
        method("return true;"),
        method('if (p.indexOf("-iscsi-") == -1) { return true; }', "String p, int q"),
        method('String p = "-iscsi-"; if (p.indexOf(p) == -1) { return true; }', "String p"),
        ORIGINAL + method("return true;", "final String localPath"),
        ORIGINAL[:600],
        "/*" + ORIGINAL + "*/ class IscsiAdmStorageAdaptor { }",
    ],
)
def test_anything_else_is_refused(source):
    with pytest.raises(NotRecognised):
        java_source.answering_false(source)
