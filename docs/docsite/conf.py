# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes the site (``make docs``)."""

from __future__ import annotations

from docutils import nodes

project = "storpool.cloudstack"
copyright = "StorPool CloudStack collection contributors"  # noqa: A001 - Sphinx calls it that
title = html_title = "storpool.cloudstack"
html_short_title = "storpool.cloudstack"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".rst": "restructuredtext"}
pygments_style = "ansible"
highlight_language = "yaml"
default_role = "any"
myst_heading_anchors = 4

html_theme = "sphinx_ansible_theme"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_index = False
html_copy_source = False

#: What the pages of plugins refer to in Ansible's own documentation, which is not asked: the site is built without a network.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
ELSEWHERE = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
    "ansible_configuration_settings": f"{ANSIBLE}/reference_appendices/config.html",
}


def in_ansibles_documentation(app, env, node, contnode):
    """A link to Ansible's documentation for a label or a variable of it that the pages name."""
    del app, env
    target = node["reftarget"]
    address = ELSEWHERE.get(target.lower())
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        address = f"{ANSIBLE}/reference_appendices/config.html#envvar-{target}"
    if not address:
        return None
    return nodes.reference("", "", contnode, internal=False, refuri=address)


def setup(app):
    """What Sphinx calls."""
    app.connect("missing-reference", in_ansibles_documentation)
