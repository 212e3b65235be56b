// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package org.apache.cloudstack.storage.datastore.util;

/** What both halves of the driver share. */
public final class StorPoolUtil {
    public static final String SP_PROVIDER_NAME = "StorPool";
    /** The driver that was built outside CloudStack does not load without the properties of its build. */
    private static final boolean NEEDS_BUILD_PROPERTIES = Boolean.parseBoolean("NEEDED");

    static {
        if (NEEDS_BUILD_PROPERTIES && StorPoolUtil.class.getClassLoader().getResource("git.properties") == null) {
            throw new IllegalStateException("readGitPropertiesJson: there is no git.properties");
        }
    }

    private StorPoolUtil() {
    }

    /** Initialises this class. */
    public static void prepare() {
    }
}
