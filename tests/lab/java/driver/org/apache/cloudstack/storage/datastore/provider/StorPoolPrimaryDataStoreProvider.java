// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package org.apache.cloudstack.storage.datastore.provider;

import org.apache.cloudstack.storage.datastore.util.StorPoolUtil;

/** The management server's half of the driver. */
public class StorPoolPrimaryDataStoreProvider {
    static {
        // BREAKAGE
        StorPoolUtil.prepare();
    }

    /** What the provider is called in the API. */
    public String getName() {
        return StorPoolUtil.SP_PROVIDER_NAME;
    }
}
