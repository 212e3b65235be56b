# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes the site (``make docs``)."""

from __future__ import annotations

import re

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
#: What a link says whose page has only the label.
SAID = {"ansible_configuration_settings": "Ansible Configuration Settings"}


def in_ansibles_documentation(app, env, node, contnode):
    """A link to Ansible's documentation for a label or a variable of it that the pages name."""
    del app, env
    target = node["reftarget"]
    address = ELSEWHERE.get(target.lower())
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        address = f"{ANSIBLE}/reference_appendices/config.html#envvar-{target}"
    if not address:
        return None
    if contnode.astext() in SAID:
        contnode = nodes.inline("", SAID[contnode.astext()])
    return nodes.reference("", "", contnode, internal=False, refuri=address)


def name_columns(app, tree, name):
    """In a table of more than two columns, a cell behind the first, or of a number, says its column, for where there is no room for columns (site.css)."""
    del app, name
    for table in tree.findall(nodes.tgroup):
        heads = [[entry.astext() for entry in row] for head in table.findall(nodes.thead) for row in head]
        if "ansible-option-table" in table.parent["classes"] or len(heads) != 1 or len(heads[0]) < 3:
            continue
        for row in next(table.findall(nodes.tbody)):
            for number, (head, entry) in enumerate(zip(heads[0], row, strict=False)):
                if not entry.astext():
                    entry.clear()
                elif isinstance(entry.next_node(), nodes.paragraph) and (number or entry.astext().isdigit()):
                    entry.next_node().insert(0, nodes.inline("", f"{head}: ", classes=["column-name"]))


def keep_words_whole(app, name, template, context, tree):
    """Marks what shall not be broken at a hyphen where a line is short (site.css): options on command lines, and short words of code."""
    del app, name, template, tree
    if "body" not in context:
        return
    body = re.sub(r'<span class="pre">(?=[^<]{1,24}</span>)', '<span class="pre whole">', context["body"])
    context["body"] = re.sub(
        r'(?s)(?<=<div class="highlight-sh notranslate">).*?(?=</div>)',
        lambda block: re.sub(r"(?m)(?<![^\s>])--?\w[\w-]*", r'<span class="whole">\g<0></span>', block[0]),
        body,
    )


def setup(app):
    """What Sphinx calls."""
    app.connect("html-page-context", keep_words_whole)
    app.connect("missing-reference", in_ansibles_documentation)
    app.connect("doctree-resolved", name_columns)
