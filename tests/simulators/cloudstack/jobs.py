# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asynchronous jobs: accepted at once, worked on in the background, asked about with queryAsyncJobResult."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.envelopes import date
from simulators.cloudstack.errors import CLOUD_RUNTIME, INTERNAL_ERROR, ApiError, DriverError
from simulators.cloudstack.members import shown
from simulators.cloudstack.owner import ACCOUNT, ACCOUNT_ID, DOMAIN_ID, USER_ID
from simulators.cloudstack.registry import Command, Plan
from simulators.cloudstack.state import State

IN_PROGRESS, SUCCEEDED, FAILED = 0, 1, 2
_HELD_POLL_SECONDS = 0.02


def start(state: State, command: Command, plan: Plan, server: rows.ManagementServer | None) -> rows.Job:
    """Stores the job of a management server and lets it run in a task of its own."""
    job = state.jobs.add(
        rows.Job(
            command=command.name,
            command_class=command.command_class,
            instance_type=plan.instance_type,
            instance_id=plan.instance_id or (plan.created_id if plan.instance_shown else None),
            management_server=server.db_id if server else None,
        )
    )
    task = asyncio.get_running_loop().create_task(_work(state, job, plan))
    state.tasks.add(task)
    task.add_done_callback(state.tasks.discard)
    return job


async def _work(state: State, job: rows.Job, plan: Plan) -> None:
    await asyncio.sleep(state.switches["job_delay_ms"] / 1000)
    while state.switches["jobs_never_end"]:
        await asyncio.sleep(_HELD_POLL_SECONDS)
    try:
        result = await plan.run()
    except ApiError as error:
        # Exceptions of the API layer, and wrong values, keep their codes inside a job; any other becomes 530.
        code = INTERNAL_ERROR if error.cs_code == CLOUD_RUNTIME else error.status
        _finish(state, job, FAILED, code, _failure(state, code, error.text))
    except DriverError as error:
        _finish(state, job, FAILED, INTERNAL_ERROR, _failure(state, INTERNAL_ERROR, str(error)))
    else:
        _finish(state, job, SUCCEEDED, 0, result)


def _failure(state: State, code: int, text: str) -> dict[str, Any]:
    extra = {"uuidList": []} if state.switches["job_error_uuid_list"] else {}
    return {**extra, "errorcode": code, "errortext": text}


def _finish(state: State, job: rows.Job, status: int, code: int, result: dict[str, Any]) -> None:
    job.status, job.result_code, job.result, job.completed = status, code, result, state.clock.now()


def live(state: State) -> Iterator[rows.Job]:
    """The jobs that have not expired; those that have are removed on the way."""
    keep = state.switches["job_expire_ms"] / 1000
    now = state.clock.now()
    for job in state.jobs:
        if keep and job.completed is not None and job.completed + keep <= now:
            state.jobs.remove(job)
        else:
            yield job


def pending_of(state: State, instance_type: str, instance_id: str) -> rows.Job | None:
    """The job in progress on an object, if there is one."""
    for job in live(state):
        if job.status == IN_PROGRESS and (job.instance_type, job.instance_id) == (instance_type, instance_id):
            return job
    return None


def _is_gone(state: State, job: rows.Job) -> bool:
    """Whether the template that a job was to make was removed again; the job then names none."""
    if job.instance_type != "Template" or job.instance_id is None:
        return False
    template = state.templates.by_uuid(job.instance_id)
    return job.status == FAILED and template is None


def row(state: State, job: rows.Job) -> dict[str, Any]:
    """The answer of queryAsyncJobResult; a job that has ended is on no management server."""
    server = state.management_servers.get(job.management_server) if job.status == IN_PROGRESS else None
    values = {
        "accountid": ACCOUNT_ID,
        "account": ACCOUNT,
        "domainid": DOMAIN_ID,
        "domainpath": "ROOT",
        "userid": USER_ID,
        "cmd": job.command_class,
        "jobstatus": job.status,
        "jobprocstatus": 0,
        "jobresultcode": job.result_code,
        "jobresulttype": "object" if job.result is not None else None,
        "jobresult": job.result,
        "jobinstancetype": job.instance_type,
        "jobinstanceid": None if _is_gone(state, job) else job.instance_id,
        "managementserverid": server.id if server else None,
        "managementservername": server.name if server else None,
        "created": date(job.created),
        "completed": date(job.completed),
        "jobid": job.id,
    }
    return shown(state.release, "job", values)
