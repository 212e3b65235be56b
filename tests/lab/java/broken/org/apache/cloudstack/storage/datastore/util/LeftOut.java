// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package org.apache.cloudstack.storage.datastore.util;

/** A class that a driver needs and does not come with. */
public class LeftOut {
    /** Does nothing. */
    public static void use() {
    }
}
