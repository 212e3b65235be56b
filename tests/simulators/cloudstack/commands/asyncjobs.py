# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking about jobs and about the server itself."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import jobs, settings
from simulators.cloudstack.errors import PARAM_ERROR, ApiError
from simulators.cloudstack.members import shown
from simulators.cloudstack.registry import LIST, OBJECT, Context, Param, command


@command("queryAsyncJobResult", OBJECT, None, Param("jobid", required=True))
async def query_async_job_result(context: Context) -> dict[str, Any]:
    wanted = context.args["jobid"]
    for job in jobs.live(context.state):
        if wanted in (job.id, str(job.db_id)):
            return jobs.row(context.state, job)
    raise ApiError(
        PARAM_ERROR,
        f"Unable to execute API command queryasyncjobresult due to invalid value. Invalid parameter jobid "
        f"value={wanted} due to incorrect long value format, or entity does not exist or due to incorrect parameter "
        "annotation for the field in api cmd class.",
    )


@command("listAsyncJobs", LIST, "asyncjobs")
async def list_async_jobs(context: Context) -> list[dict[str, Any]]:
    """The jobs that have not ended."""
    state = context.state
    return [jobs.row(state, job) for job in jobs.live(state) if job.status == jobs.IN_PROGRESS]


@command("listCapabilities", OBJECT, "capability")
async def list_capabilities(context: Context) -> dict[str, Any]:
    state = context.state
    values = {
        "securitygroupsenabled": False,
        "dynamicrolesenabled": context.release.at_least("4.9"),
        "cloudstackversion": context.release.text,
        "userpublictemplateenabled": True,
        "supportELB": "false",
        "projectinviterequired": False,
        "allowusercreateprojects": True,
        "customdiskofferingminsize": 1,
        "customdiskofferingmaxsize": 1024,
        "regionsecondaryenabled": False,
        "kvmsnapshotenabled": settings.is_on(state, "kvm.snapshot.enabled"),
        "allowuserviewdestroyedvm": False,
        "allowuserexpungerecovervm": False,
        "allowuserexpungerecovervolume": False,
        "allowuserviewalldomainaccounts": False,
        "kubernetesserviceenabled": False,
        "kubernetesclusterexperimentalfeaturesenabled": False,
        "customhypervisordisplayname": "Custom",
        "defaultuipagesize": 20,
        "instancesstatsretentiontime": 720,
        "instancesstatsuseronly": False,
        "instancesdisksstatsretentionenabled": False,
        "instancesdisksstatsretentiontime": 720,
        "sharedfsvmmincpucount": 2,
        "sharedfsvmminramsize": 1024,
    }
    return shown(state.release, "capability", values)
