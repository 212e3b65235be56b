// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package com.cloud.hypervisor.kvm.resource.wrapper;

import com.cloud.agent.api.storage.StorPoolModifyStoragePoolCommand;
import com.cloud.hypervisor.kvm.storage.StorPoolStorageAdaptor;

/** Connects a pool on this host: StorPool must be configured, and the check volume must be attached. */
public final class StorPoolModifyStorageCommandWrapper {
    /** Null for success, else the error that the management server gets. */
    public String execute(String volume) {
        return execute(new StorPoolModifyStoragePoolCommand(volume));
    }

    private String execute(StorPoolModifyStoragePoolCommand command) {
        if (StorPoolStorageAdaptor.configured("SP_CLUSTER_ID") == null) {
            return "spNotFound";
        }
        return StorPoolStorageAdaptor.attach(command.getVolumeName());
    }
}
