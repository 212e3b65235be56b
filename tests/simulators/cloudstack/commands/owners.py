# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domains and projects, as far as lists show whose something is."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.errors import invalid
from simulators.cloudstack.registry import LIST, OBJECT, Context, Param, command
from simulators.cloudstack.state import State

#: What commands are given that make something for somebody, or list what somebody has.
OWNER_PARAMS = (Param("account"), Param("domainid", "id", "domains"), Param("projectid"))
#: `projectid` for "those of all projects".
ALL_PROJECTS = "-1"


def belongs(context: Context, row: rows.Owned) -> None:
    """Something new belongs to whom the command names."""
    args = context.args
    if args["account"] and args["domainid"] is None:
        raise invalid("Valid domain id has to be specified with the account")
    row.account, row.domain = args["account"] or row.account, args["domainid"] or row.domain
    if args["projectid"]:
        project = context.state.projects.by_uuid(args["projectid"])
        if project is None:
            raise invalid(f"Unable to find project by id {args['projectid']}")
        row.project, row.domain = project.db_id, project.domain


def is_asked_for(context: Context, row: rows.Owned, by: str = "id") -> bool:
    """Whether a list is about its owner. What projects have is listed only if it is asked for, or by its id (the parameter `by`)."""
    args = context.args
    project = context.state.projects.get(row.project)
    if args["projectid"] == ALL_PROJECTS:
        return project is not None
    if args["projectid"] or (project and args[by] is None):
        return project is not None and project.id == args["projectid"]
    return args["account"] in (None, "", row.account) and args["domainid"] in (None, row.domain)


@command("listDomains", LIST, "domain", Param("id", "id", "domains"), Param("name"), Param("listall", "bool"))
async def list_domains(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        _domain(row)
        for row in context.state.domains
        if args["id"] in (None, row.db_id) and args["name"] in (None, "", row.name)
    ]


@command("createDomain", OBJECT, "domain", Param("name", required=True), Param("parentdomainid", "id", "domains"))
async def create_domain(context: Context) -> dict[str, Any]:
    parent = context.state.domains[context.args["parentdomainid"] or 1]
    name = context.args["name"]
    row = context.state.domains.add(rows.Domain(name=name, path=f"{parent.path}/{name}"))
    context.changed()
    return _domain(row)


def _domain(row: rows.Domain) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "path": row.path, "level": row.path.count("/")}


@command(
    "listProjects",
    LIST,
    "project",
    Param("id", "id", "projects"),
    Param("name"),
    Param("listall", "bool"),
    Param("details", "list"),
)
async def list_projects(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        _project(context.state, row)
        for row in context.state.projects
        if args["id"] in (None, row.db_id) and args["name"] in (None, "", row.name)
    ]


@command("createProject", OBJECT, "project", Param("name", required=True), Param("domainid", "id", "domains"))
async def create_project(context: Context) -> dict[str, Any]:
    """A job in CloudStack; nobody waits for it here."""
    row = rows.Project(name=context.args["name"], domain=context.args["domainid"] or 1)
    context.state.projects.add(row)
    context.changed()
    return _project(context.state, row)


def _project(state: State, row: rows.Project) -> dict[str, Any]:
    domain = state.domains[row.domain]
    return {"id": row.id, "name": row.name, "domainid": domain.id, "domain": domain.name, "state": "Active"}
