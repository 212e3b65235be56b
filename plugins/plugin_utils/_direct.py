# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in a fork of Ansible's own worker process, where that is the same as the usual way.

The usual way packs the module and all that it imports into a file, writes that to a directory, starts a shell and a new Python that unpacks it, compiles it
and imports the libraries again. On the controller itself, as the same user and with the same Python, that is all the work there is, and none of it is needed:
the code has been imported by the process that forks the workers. The fork is what keeps tasks apart: whatever a module does to its environment, working
directory, signal handlers or globals is gone with it, as it is in a process of its own.

All but the running itself (how options get their way into the module, how its answer is read, what is shown with -vvv) is Ansible's own code, the same as for
every module: this class takes the place of three of its steps.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import typing as t

from ansible import constants, context
from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.module_utils.common import json as module_json
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.plugins.loader import module_loader
from ansible.utils.display import Display

from ..module_utils._common import foreseen
from ._companion import Companion

display = Display()
COMPANION = Companion()

#: ansible-core 2.19 and newer say by profiles what JSON means, and their utilities know whether they run on a controller.
HAS_PROFILES = hasattr(module_common, "_BuiltModule")
COLLECTION = "ansible_collections.storpool.cloudstack"
#: What a shell says of a program that a signal has ended.
ENDS = {
    signal.SIGKILL: "Killed",
    signal.SIGTERM: "Terminated",
    signal.SIGSEGV: "Segmentation fault",
    signal.SIGABRT: "Aborted",
}
SWITCH = "storpool_cloudstack_direct"
FORESEE = foreseen.SWITCH.lower()
#: What only a Python that has not started yet takes notice of.
_READ_AT_START = ("PYTHON", "LD_", "MALLOC_")
_PROFILE = "legacy"  # as for every module that does not ask for another


def prepare(action: str) -> None:
    """Import the module of an action, which is given by the name of its Python module.

    Ansible's strategies load actions in the process that forks the workers, so it is imported once for a whole run. A module that cannot be imported runs the
    usual way, and so fails as it would.
    """
    with contextlib.suppress(ImportError, SyntaxError):
        importlib.import_module(_module_of(action))


def _module_of(action: str) -> str:
    return "{0}.plugins.modules.{1}".format(COLLECTION, action.rpartition(".")[2])


class ActionModule(NormalAction):
    """The action of every module that only talks to APIs."""

    _direct = False
    _foresees = True
    _notes: t.Optional[str] = None
    _interpreter = ""

    def _execute_module(self, *args: t.Any, **kwargs: t.Any) -> t.Dict[str, t.Any]:
        self._foresees = self._is_on(FORESEE, kwargs.get("task_vars") or {})
        usual = self._why_usual(kwargs.get("task_vars") or {}, kwargs.get("wrap_async", False))
        how = (
            f"Run as other modules are, since {usual}."
            if usual
            else "Run by a process of Ansible's own, with no new Python."
        )
        display.vvv(how, host=self._play_context.remote_addr)
        self._direct = not usual
        self._notes = self._where_notes_are()
        try:
            return dict(super()._execute_module(*args, **kwargs))
        finally:
            self._direct = False

    def _why_usual(self, task_vars: t.Mapping[str, t.Any], wrap_async: bool) -> t.Optional[str]:
        """Why running it here would not be the same as running it the usual way; ``None`` if it is the same."""
        if not self._is_on(SWITCH, task_vars):
            return f"{SWITCH} says so"
        if wrap_async or self._task.async_val:
            return "it is asynchronous"
        if self._connection.transport != "local":
            return f"its connection is {self._connection.transport}"
        if self._connection.become or self._play_context.become:
            return "it is done as another user"
        if constants.config.get_config_value("DEFAULT_KEEP_REMOTE_FILES", variables=task_vars):
            return "its files are to be kept"
        if os.environ.get("_ANSIBLE_COVERAGE_CONFIG"):
            return "the coverage of modules is measured"
        python = self._python(task_vars)
        if not _is_this(python):
            return f"its Python is {python or 'not known yet'}, and Ansible's is {sys.executable}"
        self._interpreter = os.path.expanduser(str(python))
        if _module_of(self._task.action) not in sys.modules:
            return "it cannot be imported here"
        early = [name for name in self._environment() if name.upper().startswith(_READ_AT_START)]
        if early:
            return f"a Python has to be started with {early[0]}"
        return None

    def _is_on(self, switch: str, task_vars: t.Mapping[str, t.Any]) -> bool:
        wanted = self._templar.template(task_vars.get(switch, os.environ.get(switch.upper(), "true")))
        return bool(boolean(wanted, strict=False))

    def _where_notes_are(self) -> t.Optional[str]:
        """Where the tasks of this run tell each other what they foresee; ``None`` unless the run as a whole is in check mode."""
        if not context.CLIARGS.get("check") or not self._task.check_mode or not self._foresees:
            return None
        return os.path.join(constants.DEFAULT_LOCAL_TMP, COLLECTION)

    def _python(self, task_vars: t.Mapping[str, t.Any]) -> t.Optional[str]:
        """The interpreter that the usual way would take; ``None`` if Ansible has yet to look for one on the host."""
        if self._task.delegate_to:
            task_vars = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to) or {}
        told = self._templar.template(constants.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars))
        if told and not str(told).startswith("auto"):
            return str(told)
        found = (task_vars.get("ansible_facts") or {}).get("discovered_interpreter_python")
        return None if found is None else str(found)

    def _environment(self) -> t.Dict[str, str]:
        environment: t.Dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        return {str(name): str(value) for name, value in environment.items()}

    def _compute_environment_string(self, raw_environment_out: t.Optional[t.Dict[str, t.Any]] = None) -> str:
        """The task's environment, in which the module is told whether to foresee, wherever it runs."""
        environment: t.Dict[str, t.Any] = {}
        super()._compute_environment_string(environment)
        environment[foreseen.SWITCH] = str(self._foresees).lower()
        if raw_environment_out is not None:
            raw_environment_out.update(environment)
        return str(self._connection._shell.env_prefix(**environment))

    # --- the three steps of the usual way that are others here -----------------------------------------------------

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        """Nothing is written to the host before the module runs."""
        return self._direct or bool(super()._is_pipelining_enabled(module_style, wrap_async))

    def _configure_module(self, module_name: str, module_args: t.Any, task_vars: t.Any) -> t.Any:
        """The module as it is to be run: its options instead of a packed file."""
        if not self._direct:
            return super()._configure_module(module_name, module_args, task_vars)
        found = module_loader.find_plugin_with_context(module_name, collection_list=self._task.collections)
        self._module = found.resolved_fqcn
        data = _encoded({"ANSIBLE_MODULE_ARGS": module_args})
        shebang = "#!" + sys.executable
        if not HAS_PROFILES:
            return "new", shebang, data, found.plugin_resolved_path
        built = module_common._BuiltModule(
            b_module_data=data, module_style="new", shebang=shebang, serialization_profile=_PROFILE
        )
        return built, found.plugin_resolved_path

    def _low_level_execute_command(self, cmd: str, *args: t.Any, **kwargs: t.Any) -> t.Dict[str, t.Any]:
        """The module's exit code and what it wrote, from a fork instead of from a shell."""
        if not self._direct:
            return dict(super()._low_level_execute_command(cmd, *args, **kwargs))
        name = _module_of(self._module)
        environment = dict(self._connection._shell.env, **self._environment())
        place = self._loader.get_basedir(), self._interpreter, self._notes
        code, out, err = COMPANION.run(_run, name, kwargs["in_data"], environment, *place)
        if code < 0:  # as a shell says it
            code, err = 128 - code, err + ENDS.get(-code, "") + "\n"
        return {
            "rc": code,
            "stdout": out,
            "stdout_lines": out.splitlines(),
            "stderr": err,
            "stderr_lines": err.splitlines(),
        }


def _run(
    name: str,
    data: bytes,
    environment: t.Mapping[str, str],
    directory: str,
    interpreter: str,
    notes: t.Optional[str],
) -> None:
    """In the companion: the module's ``main``, with all that it would find as a program."""
    foreseen.directory = notes
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    sys.executable = interpreter  # by the name that the task has for it
    basic._ANSIBLE_ARGS = data
    if HAS_PROFILES:
        internal = importlib.import_module("ansible.module_utils._internal")
        internal.is_controller = False
        internal.import_controller_module = lambda _name: None
        internal.get_controller_serialize_map = dict
        basic._ANSIBLE_PROFILE = _PROFILE
    for kept in (module_warnings._global_warnings, module_warnings._global_deprecations):
        kept.clear()
    try:
        module = importlib.import_module(name)
        sys.argv = [str(module.__file__)]
        module.main()
        _not_ended()
    except Exception as error:  # as the wrapper of a packed module does it: what a module did not foresee is its result
        if not HAS_PROFILES:
            raise
        importlib.import_module("ansible.module_utils._internal._ansiballz._loader")._handle_exception(error, _PROFILE)
    finally:
        foreseen.directory = None


def _not_ended() -> t.NoReturn:
    """What the wrapper of a packed module says of one that returns."""
    words = "New-style module did not handle its own exit"
    if HAS_PROFILES:
        raise RuntimeError(words + ".")
    print(json.dumps({"msg": words, "failed": True}))
    sys.exit(1)


def _encoded(params: t.Mapping[str, t.Any]) -> bytes:
    """The options as the module gets them."""
    if not HAS_PROFILES:
        encoder = importlib.import_module("ansible.parsing.ajson").AnsibleJSONEncoder
        return json.dumps(params, cls=encoder, vault_to_text=True).encode()
    encoder = module_json.get_module_encoder(_PROFILE, module_json.Direction.CONTROLLER_TO_MODULE)
    return json.dumps(params, cls=encoder).encode()


def _is_this(python: t.Optional[str]) -> bool:
    """Whether that interpreter is the one that runs Ansible: the same file, in the same environment."""
    if not python or not sys.executable:
        return False
    one, other = (os.path.expanduser(path) for path in (python, sys.executable))
    return one == other or (
        os.path.realpath(os.path.dirname(one)) == os.path.realpath(os.path.dirname(other))
        and os.path.realpath(one) == os.path.realpath(other)
    )
