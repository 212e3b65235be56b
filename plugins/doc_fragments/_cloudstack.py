# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that the CloudStack modules share."""

    # How to reach the API
    DOCUMENTATION = r"""
requirements:
  - cs >= 2.7.1
notes:
  - What the connection options leave open is taken from the environment, then from the configuration file of the C(cs) library, which is
    C(~/.cloudstack.ini), C(cloudstack.ini) in the working directory, or the file that E(CLOUDSTACK_CONFIG) names, in the section C(cloudstack) or the
    one that E(CLOUDSTACK_REGION) names. Only C(endpoint), C(key) and C(secret) are taken from there.
  - Do not give E(CLOUDSTACK_SECRET) by the C(environment) keyword of a task or play. Ansible itself writes what that says onto the command line of the
    shell that starts the module, and of C(ssh), where every user of the machine can read it while the task runs. Options and files are safe from that.
  - Every call is a POST request, so that no key and no token is in an address or in an access log.
  - The account needs the rights of a root administrator.
  - A proxy that the environment of the task names (E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY)) is used, unless E(NO_PROXY) excepts the host. The calls to
    StorPool that some of these modules make never go through it. Files with certificates that the environment names (E(REQUESTS_CA_BUNDLE),
    E(CURL_CA_BUNDLE), E(SSL_CERT_FILE)) and C(.netrc) are not looked at.
  - An answer that is no answer of CloudStack's, or is about something else than what was asked for, is an error (C(bad_answer)), and nothing is planned on
    it. Answers are read up to 128 MiB, lists to their end, whatever the server says about how long they are.
options:
  api_url:
    description:
      - Address of the CloudStack API, for instance V(https://cloud.example.com:8443/client/api). It holds no user, no query and no fragment; an IPv6 address
        in it is in brackets.
      - Without the option, E(CLOUDSTACK_ENDPOINT) or the configuration file has to say it.
    type: str
  api_key:
    description:
      - API key of the account.
      - Without the option, E(CLOUDSTACK_KEY) or the configuration file has to say it.
    type: str
  api_secret:
    description:
      - Secret key of the account.
      - Without the option, E(CLOUDSTACK_SECRET) or the configuration file has to say it.
    type: str
  api_timeout:
    description:
      - How many seconds an ordinary call may take as a whole, from looking up the name to the last byte of the answer, at most V(86400). Calls that take long
        have a time-out of their own.
      - Each try of a call has this time anew.
    type: float
    default: 60
  api_retries:
    description:
      - How often to try again when the API cannot be reached, does not answer in time, or says that it takes no commands now, after 1, 2, 4, 8, 16, 16, ...
        seconds.
      - A change whose answer was lost is never sent again blindly. The module reads first, and does only what is left.
    type: int
    default: 5
  api_verify_ssl_cert:
    description:
      - A file with the certificates of the authorities to trust, or a directory of such files.
      - Without it, those that the C(requests) library comes with. What the environment names is not looked at.
    type: path
  validate_certs:
    description:
      - Whether the certificate of the API must be valid.
      - Without the option, E(CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY) being V(true) means V(false).
    type: bool
    default: true
"""

    # Whose books are compared
    BOOKS = r"""
options:
  zone:
    description:
      - Only the pools of the zone with this name or id.
    type: str
  pools:
    description:
      - Only these StorPool pools, by name or id. Without it, all StorPool pools of the cloud.
      - Needed if a cloud has pools of several StorPool clusters, since the connection is to one of them.
    type: list
    elements: str
  clients:
    description:
      - Which StorPool client each host is, by the names of the hosts in CloudStack (see the examples).
      - A host that is not named is known by what CloudStack tells, if it does, else by the section of its name with C(SP_OURID) in C(/etc/storpool.conf) and
        C(/etc/storpool.conf.d/*.conf) on the host that runs the task. A file that cannot be read counts as empty.
    type: dict
    default: {}
  min_age:
    description:
      - What is younger may still be on its way, and is no orphan, nothing that is lost and nothing that was left. As seconds, or with a unit
        (V(90s), V(30m), V(1h), V(7d)).
    type: str
    default: 1h
"""
