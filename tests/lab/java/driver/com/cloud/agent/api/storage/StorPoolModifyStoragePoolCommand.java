// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package com.cloud.agent.api.storage;

/** What a management server sends to an agent to connect a pool. */
public class StorPoolModifyStoragePoolCommand {
    private final String volumeName;

    public StorPoolModifyStoragePoolCommand(String volumeName) {
        this.volumeName = volumeName;
    }

    public String getVolumeName() {
        return volumeName;
    }
}
