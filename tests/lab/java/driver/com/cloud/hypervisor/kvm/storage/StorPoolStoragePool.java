// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package com.cloud.hypervisor.kvm.storage;

/** A pool on an agent. */
public class StorPoolStoragePool {
    private final String uuid;

    public StorPoolStoragePool(String uuid) {
        this.uuid = uuid;
    }

    public String getUuid() {
        return uuid;
    }
}
